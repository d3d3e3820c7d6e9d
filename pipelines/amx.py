"""Choose what suits a CPU with matrix units (AMX), on which bfloat16 is several times faster."""


def computes_on_amx() -> bool:
    """Whether runs compute on a CPU with AMX: there is no GPU, and oneDNN finds the units."""
    import torch  # Here, as configs that do not ask for this are composed without it.

    return not torch.cuda.is_available() and torch.cpu._is_amx_tile_supported()


def amx_precision() -> str:
    """``bf16-mixed`` with AMX, else ``32-true``."""
    return "bf16-mixed" if computes_on_amx() else "32-true"
