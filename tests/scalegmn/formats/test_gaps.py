import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scalegmn.formats.gaps import decode_gaps, encode_gaps


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(0, 3000)))
def test_positions_come_back(positions):
    ascending = np.array(sorted(positions), dtype=np.int64)
    code = encode_gaps(ascending)
    assert code.dtype == np.uint8
    np.testing.assert_array_equal(decode_gaps(code), ascending)


@pytest.mark.parametrize(
    ("positions", "code"),
    [
        ([], []),
        ([0], [0]),
        ([254], [254]),
        ([255], [255, 0]),
        ([600], [255, 255, 90]),
        ([2, 3, 259], [2, 0, 255, 0]),
    ],
)
def test_a_gap_is_one_byte_unless_it_is_long(positions, code):
    assert encode_gaps(np.array(positions, dtype=np.int64)).tolist() == code
