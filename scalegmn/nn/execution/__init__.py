"""How metanetworks run fast; a reader of the mathematics need not open it.

Layers see one interface, :class:`~scalegmn.nn.execution.view.GraphView`:

* ``view.propagate(nodes, edges, msg=, msg_backward=, upd_edges=)`` computes, for every node, the
  sum of ``msg.message(x_j, e, x_i, role)`` over its edges, and ``upd(e, x_s, x_t)`` for every
  edge;
* ``view.nodes(x, role)``, ``view.signs(role)``, ``view.join(by_role)``, ``view.flat(rows)`` and
  ``view.pool(rows, role)`` pick, join and sum rows of nodes.

``dense.dense_views`` and ``pyg.pyg_views`` make the views of the layers, one each, for networks of
one architecture and for graphs of ``torch_geometric``. The backbone hands them the first layer's
edges as ``edge_features.EdgeFeatures``, embedded when they are read.

How it works, by file:

* ``plan``, ``plans``, ``row_functions``, ``split_mlp``: the formulas of the metanetwork's own
  modules in a cheaper order. Modules of other types run by their formulas.
* ``program``: all that a layer computes on edges.
* ``bands``, ``sums``: edges that are computed together, as dense blocks (gathering is a broadcast,
  summing is along an axis) or by index.
* ``recompute``, ``parallel``, ``random_state``: big graphs in chunks, computed again in the
  backward pass.
* ``fused``: one small network as one operation of autograd, with its backward pass written out.
"""
