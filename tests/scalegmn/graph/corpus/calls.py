"""A network whose forward is a function of its input and its layers."""

from torch import nn


class Calls(nn.Module):
    def __init__(self, body, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.body = body

    def forward(self, x):
        return self.body(x, *self.layers)
