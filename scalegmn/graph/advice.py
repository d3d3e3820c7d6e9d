"""What to write instead of an operation that a graph cannot express."""

LIST = "docs/guide/your_network.md lists what can be read"
NORMS = (
    "normalisation by the current input joins all channels to all: "
    "train with batch normalisation, which is folded, in its place"
)
MOVES = "it moves values between channels; use a convolution with stride or interpolation"
PRODUCT = "write a product with weights as Linear or Conv2d; attention has no graph here"
RECURRENT = "recurrent layers have no graph here"
ADVICE: dict[str, str] = {
    **dict.fromkeys(("group_norm", "layer_norm", "instance_norm", "local_response_norm"), NORMS),
    **dict.fromkeys(("normalize", "norm", "rms_norm"), NORMS),
    "prelu": "use LeakyReLU with a fixed slope, or ReLU",
    **dict.fromkeys(
        ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
        "use Upsample or interpolate, and then a convolution",
    ),
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "unfold"), MOVES),
    **dict.fromkeys(("matmul", "__matmul__", "bmm", "mm", "einsum"), PRODUCT),
    **dict.fromkeys(("scaled_dot_product_attention", "multi_head_attention_forward"), PRODUCT),
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), RECURRENT),
}


def advice(name: str) -> str:
    """What to do about an operation, by its name as a function: ``group_norm``."""
    own = ADVICE.get(name)
    return f"{own} ({LIST})" if own else LIST
