"""Small graphs: the whole network as one operation of autograd.

Where graphs are small, time is the number of operations and what autograd adds to each of them.
Here the passes of the published variants are written out, forwards and backwards, in operations
that autograd does not see. Everything else runs layer by layer: other messages, both directions,
batches, dropout in training, hooks, autocast, ``torch.func`` and ``torch.compile``. So do second
derivatives.

* ``gradients``: where gradients of parameters are collected.
* ``rows``: MLP, ScaleInv and ScaleEq of rows.
* ``index``, ``layer``: a layer on its edges and nodes.
* ``network``: all layers.
* ``program``: which networks can be run so, and the parameters they have at the moment.
* ``function``: the operation that autograd sees.
"""
