"""The graph of a functional Keras model, walked from a tensor backwards. It builds and changes nothing."""

from __future__ import annotations

from typing import Any


def sources(tensor: Any) -> list[Any]:
    """The tensors that the layer which made this one was given."""
    operation, node, _ = tensor._keras_history
    return list(operation._inbound_nodes[node].input_tensors)


def history(output: Any) -> list[Any]:
    """Every tensor the output depends on, each after all it depends on itself: an order of computing."""
    order: list[Any] = []
    seen: set[int] = set()
    stack = [(output, False)]
    while stack:
        tensor, ready = stack.pop()
        if ready:
            order.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            stack.append((tensor, True))
            stack += [(source, False) for source in sources(tensor)]
    return order
