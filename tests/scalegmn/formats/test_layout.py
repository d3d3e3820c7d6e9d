import pytest

from scalegmn.formats.layout import SMALL_CNN, read_layout

HEADER = "varname,start_idx,end_idx,size,shape\n"
BIAS = 'sequential/conv2d/bias:0,0,16,16,"(16,)"\n'


def write(tmp_path, text):
    path = tmp_path / "layout.csv"
    path.write_text(text)
    return path


def test_the_small_cnn_has_eight_variables_and_4970_values():
    assert len(SMALL_CNN) == 8
    assert sum(variable.size for variable in SMALL_CNN) == 4970
    assert [variable.kind for variable in SMALL_CNN] == ["bias", "kernel"] * 4


def test_it_reads_what_the_zoo_writes(tmp_path):
    lines, start = [HEADER], 0
    for v in SMALL_CNN:
        lines.append(f'{v.layer}/{v.kind}:0,{start},{start + v.size},{v.size},"{v.shape}"\n')
        start += v.size
    assert read_layout(write(tmp_path, "".join(lines))) == SMALL_CNN


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the columns"),
        ("varname,shape\n", "expected the columns"),
        (HEADER, "lists no variables"),
        (HEADER + 'a/gamma:0,0,16,16,"(16,)"\n', "line 2: 'a/gamma:0' is not the name"),
        (HEADER + BIAS + 'a/bias:0,16,32,16,"__import__(1)"\n', "line 3: '__import__.* a shape"),
        (HEADER + 'a/bias:0,0,16,16,"16"\n', "line 2: '16' is not a shape"),
        (HEADER + "a/bias:0\n", "line 2: '' is not a shape"),
        (HEADER + 'a/bias:0,1,17,16,"(16,)"\n', r"line 2: start, end and size .* \('0', '16'"),
        (HEADER + 'a/bias:0,0,16,15,"(16,)"\n', "line 2: start, end and size"),
    ],
)
def test_another_table_is_refused_with_its_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=rf"layout\.csv.*{message}") as error:
        read_layout(write(tmp_path, text))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "encode",
    [lambda t: t.encode("utf-8-sig"), lambda t: t.replace("\n", "\r\n").encode()],
    ids=["byte-order mark", "line ends of Windows"],
)
def test_a_table_that_a_spreadsheet_saved_is_read(tmp_path, encode):
    path = tmp_path / "layout.csv"
    path.write_bytes(encode(HEADER + BIAS))
    assert [variable.shape for variable in read_layout(path)] == [(16,)]


def test_another_encoding_is_refused(tmp_path):
    path = tmp_path / "layout.csv"
    path.write_bytes((HEADER + BIAS).encode("utf-16"))
    with pytest.raises(ValueError, match=r"layout\.csv: is not in UTF-8"):
        read_layout(path)


@pytest.mark.real_data
def test_the_built_in_layout_is_the_published_one(real_data):
    assert read_layout(real_data / "zoo" / "layout.csv") == SMALL_CNN
