"""The graph of a functional Keras model, walked from a tensor backwards. It builds and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
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


def separators(network: Any, until: Callable[[Any], bool] = lambda operation: False) -> list[Any]:
    """The single tensors that every path from photo to answer crosses, from the photo on; none for an unknown graph.

    In a graph with one input every tensor comes before or after such a separator, so in any order of computing it is
    one exactly when no tensor from before it is still needed by a layer after it.

    Args:
        network: a functional model.
        until: the walk ends at the first operation for which this holds.
    """
    if len(getattr(network, "inputs", None) or []) != 1 or len(getattr(network, "outputs", None) or []) != 1:
        return []
    order = history(network.outputs[0])
    if order[0] is not network.inputs[0] or any(not sources(tensor) for tensor in order[1:]):
        return []
    position = {id(tensor): index for index, tensor in enumerate(order)}
    last_use = list(range(len(order)))
    for index, tensor in enumerate(order):
        for source in sources(tensor):
            last_use[position[id(source)]] = index
    found, needed = [], 0
    for index, tensor in enumerate(order):
        if until(tensor._keras_history.operation):
            break
        if needed <= index:
            found.append(tensor)
        needed = max(needed, last_use[index])
    return found
