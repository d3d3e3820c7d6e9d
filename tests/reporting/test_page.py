import re
from html.parser import HTMLParser

from reporting import Results, Run
from reporting.networks import tabulate
from reporting.page import html_page
from reporting.predictors import tabulate_predictors


def page(run):
    metrics = {"kendall_tau": 0.5, "r2": 0.5, "mae": 0.1}
    predictor = Results(experiment="e", seed=0, predictor="MLP", dataset="zoo", metrics=metrics)
    figures = {name: b"PNG" for name in ("curves.png", "predictors.png")}
    networks = tabulate([Run(run(method="<mine>", data_note="a & b"))])
    return html_page(networks, tabulate_predictors([Run(predictor)]), figures)


def test_the_page_has_all_tables_and_figures_and_asks_for_nothing(run):
    text = page(run)
    assert text.count("<table") == 4 and text.count('src="data:image/png;base64,') == 2
    # Nothing but what is in the page itself.
    assert not re.search(r"https?:|<script|@import|url\(", text)
    links = re.findall(r'(?:src|href|srcset|action|data|poster)="([^"]*)"', text)
    assert links and all(link.startswith(("data:", "#")) for link in links)


def test_names_are_escaped(run):
    text = page(run)
    assert "&lt;mine&gt;" in text and "<mine>" not in text and "a &amp; b" in text


def test_every_tag_is_closed(run):
    class Tags(HTMLParser):
        open: list[str] = []

        def handle_starttag(self, tag, attrs):
            self.open += [tag] * (tag not in {"meta", "link", "img"})

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    parser = Tags()
    parser.feed(page(run))
    assert parser.open == []
