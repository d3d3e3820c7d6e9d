import pytest

from reporting.copies import update_copies

TABLE = "# Results\n\n## one\n\n### part\n\n| 1 |\n\n## two\n\n| 2 |\n"
PAGE = """# Page

<!-- results: section {} of table.md, which report.py wrote -->
old
<!-- end of results -->

After.
"""


def test_a_section_is_copied_without_its_heading_and_the_rest_stays(tmp_path):
    (tmp_path / "table.md").write_text(TABLE)
    page = tmp_path / "page.md"
    for section, expected in ((2, "| 1 |"), (3, "| 2 |")):
        page.write_text(PAGE.format(section))
        update_copies(page, tmp_path)
        assert page.read_text() == PAGE.format(section).replace("old", expected)


def test_a_whole_file_is_copied(tmp_path):
    (tmp_path / "table.md").write_text(TABLE)
    page = tmp_path / "page.md"
    page.write_text(PAGE.replace("section {} of ", ""))
    update_copies(page, tmp_path)
    assert TABLE.strip() in page.read_text()


def test_what_cannot_be_copied_is_named(tmp_path):
    (tmp_path / "table.md").write_text(TABLE)
    page = tmp_path / "page.md"
    page.write_text(PAGE.format(9))
    with pytest.raises(ValueError, match="table.md has no section 9"):
        update_copies(page, tmp_path)
    page.write_text("nothing")
    with pytest.raises(ValueError, match="page.md has no <!-- results"):
        update_copies(page, tmp_path)
