from dataclasses import replace

from reporting import Run
from reporting.networks import tabulate
from reporting.reading import reading

PROTOCOL = {"target.net.width": 16, "finetune.max_epochs": 9}


def sentences(*runs):
    (section,) = tabulate(Run(run) for run in runs)
    return reading(section)


def units(run, method, accuracies, **options):
    protocol = PROTOCOL | options.pop("protocol", {})
    return [
        run(1, method=method, test_acc=acc, dense_hash=str(i), protocol=protocol, **options)
        for i, acc in enumerate(accuracies)
    ]


def test_only_intervals_tell_rows_apart(run):
    found = sentences(
        *units(run, "scalegmn_eq", (0.50, 0.51, 0.52)),
        *units(run, "magnitude", (0.40, 0.41, 0.42)),
        *units(run, "snip", (0.60, 0.61, 0.62)),
        *units(run, "random", (0.30, 0.61, 0.50)),
    )
    assert found[-1] == (
        "By 95 % intervals, at 90 %, scalegmn_eq is ahead of magnitude; behind snip; not apart "
        "from random."
    )


def test_without_an_interval_nothing_is_claimed(run):
    found = sentences(*units(run, "scalegmn_eq", (0.5,)), *units(run, "magnitude", (0.1,)))
    assert found[-1].startswith("n is at most 1, which gives no interval")
    assert not any("ahead" in sentence for sentence in found)


def test_losses_are_beside_the_published_ones(run):
    found = sentences(*units(run, "scalegmn_eq", (0.46, 0.47, 0.48)))
    (line,) = [s for s in found if s.startswith("Points that scalegmn_eq loses")]
    # By hand: the standard deviation is 1 point, t of 2 degrees of freedom is 4.3027.
    assert line.endswith("10.00 (7.52 to 12.48) at 90 % (published 11.12).")


def test_methods_in_both_gauges_are_compared_in_the_balanced_one(run):
    runs = [
        r
        for gauge, best in (("raw", 0.6), ("balanced", 0.5))
        for r in units(run, "magnitude", (best,), protocol={"selection.gauge": gauge})
    ]
    found = sentences(*runs, *units(run, "random", (0.1,), protocol={"selection.gauge": "raw"}))
    assert found[0].startswith("Methods that have both gauges are compared in the balanced one")
    assert found[1] == "Highest means of test accuracy: magnitude at 90 %, which loses 7.00 points."
    assert not any("60.00" in sentence or "raw)" in sentence for sentence in found[2:])


def test_methods_of_other_budgets_are_not_compared(run):
    longer = {"finetune.max_epochs": 99}
    found = sentences(
        *units(run, "scalegmn_eq", (0.50, 0.51, 0.52)),
        *units(run, "scalegmn_eq", (0.52, 0.53, 0.54), protocol=longer),
        *units(run, "random", (0.40, 0.41, 0.42), protocol=longer),
    )
    apart = [s for s in found if s.startswith("By 95 %")]
    # Two of three rows have the longer budget, which is therefore the usual one.
    assert apart == [
        "By 95 % intervals, at 90 %, scalegmn_eq is ahead of scalegmn_eq (finetune max_epochs 9), "
        "random."
    ]


def test_other_settings_are_compared_with_the_usual_ones_only(run):
    eq = {lr: units(run, "scalegmn_eq", (lr, lr + 0.01, lr + 0.02)) for lr in (0.3, 0.4)}
    runs = [
        replace(r, protocol={**r.protocol, "optimizer.lr": lr, "model.l1_weight": weight})
        for lr, weight in ((0.3, 1), (0.4, 1), (0.3, 2))
        for r in eq[lr]
    ]
    found = [s for s in sentences(*runs) if s.startswith(("By 95 %", "Points"))]
    assert len(found) == 2 and all("scalegmn_eq loses" in s or "scalegmn_eq is" in s for s in found)


def test_a_section_without_pruned_networks_has_nothing_to_say(run):
    assert sentences(run(method="dense", sparsity=0.0)) == []
