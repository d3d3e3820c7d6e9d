import re

from reporting.grid import Cell, Grid, latex_text, to_html, to_latex, to_markdown

GRID = Grid(
    ("method", "60 %"),
    (
        (Cell("a|b & <c>"), Cell("1.0 ± 0.1", "*", bold=True)),
        (Cell("theirs", grey=True), Cell("–", grey=True)),
        (Cell("plain"), Cell("")),
    ),
)


def test_markdown_is_bold_for_the_best_and_italic_for_others():
    assert to_markdown(GRID).splitlines() == [
        "| method | 60 % |",
        "| --- | --- |",
        "| a\\|b & <c> | **1.0 ± 0.1**\\* |",
        "| *theirs* | *–* |",
        "| plain |  |",
    ]


def test_html_is_escaped_and_says_what_is_published():
    text = to_html(GRID)
    assert "<td>a|b &amp; &lt;c&gt;</td><td><b>1.0 ± 0.1</b>*</td>" in text
    assert '<td class="published">theirs</td>' in text
    assert text.count("<tr>") == text.count("</tr>") == 4


def test_latex_has_the_rules_of_booktabs_and_escapes():
    text = to_latex(GRID, caption="50 % of a_b")
    rules = re.findall(r"\\(toprule|midrule|bottomrule)", text)
    assert rules == ["toprule", "midrule", "bottomrule"]
    assert r"\caption{50 \% of a\_b}" in text and r"\begin{tabular}{lr}" in text
    assert r"a|b \& $<$c$>$ & \textbf{1.0 $\pm$ 0.1}* \\" in text
    assert r"\textcolor{gray}{theirs} & \textcolor{gray}{--} \\" in text
    assert text.count(r"\begin{") == text.count(r"\end{") == 2


def test_latex_text_leaves_nothing_special():
    text = latex_text("a&b%c$d#e_f{g}h~i^j\\k†‡§τ−²")
    assert text.isascii()
    bare = re.sub(r"\\(?:[&%$#_{}]|[a-zA-Z]+(?:\{\})?)|\$[^$]*\$", "", text)
    assert not set(bare) & set("&%$#_{}~^\\")


def test_columns_without_any_value_are_left_out():
    grid = Grid.of([{"a": "1", "b": "", "c": ""}, {"a": "2", "b": "", "c": "3"}])
    assert grid.columns == ("a", "c") and grid.rows[0] == (Cell("1"), Cell(""))
