"""One small training run in each framework: an optimizer of a few named parameters, its step, and its numbers.

A bench is made of hyperparameters and arrays by name; ``held`` is what the recipes of docs/converting.md work on.
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Arrays = dict[str, Any]


@dataclass
class Bench:
    """A run: what the recipes take and put, a step that returns what is held afterwards, and the parameters."""

    held: Any
    step: Callable[[Arrays, Any], Any]
    numbers: Callable[[], Arrays]


def of_torch(h: Any, arrays: Arrays, make: Callable[..., Any]) -> Bench:
    import torch

    torch.set_num_threads(1)
    named = {name: torch.nn.Parameter(torch.tensor(array)) for name, array in arrays.items()}

    def step(gradients: Arrays, optimizer: Any) -> Any:
        for name, tensor in named.items():
            tensor.grad = torch.tensor(gradients[name])
        optimizer.step()
        return optimizer

    def numbers() -> Arrays:
        return {name: tensor.detach().numpy().copy() for name, tensor in named.items()}

    return Bench(make(list(named.items())), step, numbers)


def torch(h: Any, arrays: Arrays) -> Bench:
    from torch.optim import Adamax

    options = {"weight_decay": h.weight_decay, "maximize": h.maximize}
    return of_torch(h, arrays, lambda named: Adamax(named, h.lr, h.betas, h.eps, **options))


def pytorch_optimizer(h: Any, arrays: Arrays) -> Bench:
    from pytorch_optimizer import AdaMax

    options = {"eps": h.eps, "maximize": h.maximize}
    return of_torch(h, arrays, lambda named: AdaMax(named, h.lr, h.betas, h.weight_decay, **options))


def torchopt(h: Any, arrays: Arrays) -> Bench:
    import torch
    import torchopt

    now = [torch.tensor(array) for array in arrays.values()]
    rule = torchopt.adamax(h.lr, h.betas, h.eps, h.weight_decay)

    def step(gradients: Arrays, state: Any) -> Any:
        changes, after = rule.update([torch.tensor(gradients[name]) for name in arrays], state, params=now, inplace=False)
        now[:] = torchopt.apply_updates(now, changes, inplace=False)
        return after

    return Bench(rule.init(now), step, lambda: {name: x.numpy() for name, x in zip(arrays, now)})  # noqa: B905


def optax(h: Any, arrays: Arrays) -> Bench:
    import jax
    import optax

    now = {name: jax.numpy.asarray(array) for name, array in arrays.items()}
    options = {"weight_decay": h.weight_decay} if h.weight_decay else {}
    rule = (optax.adamaxw if options else optax.adamax)(h.lr, h.beta1, h.beta2, h.eps, **options)

    def step(gradients: Arrays, state: Any) -> Any:
        changes, after = rule.update(gradients, state, now)
        now.update(optax.apply_updates(now, changes))
        return after

    return Bench(rule.init(now), step, lambda: {name: np.array(array) for name, array in now.items()})


def keras(h: Any, arrays: Arrays) -> Bench:
    import keras

    variables = {name: keras.Variable(array, name=name) for name, array in arrays.items()}
    made = keras.optimizers.Adamax(h.lr, h.beta1, h.beta2, h.eps, weight_decay=h.weight_decay or None)
    made.build(list(variables.values()))

    def step(gradients: Arrays, optimizer: Any) -> Any:
        given = [keras.ops.convert_to_tensor(gradients[name]) for name in variables]
        optimizer.apply(given, list(variables.values()))
        return optimizer

    return Bench(made, step, lambda: {name: np.array(variable.numpy()) for name, variable in variables.items()})


def of_tensorflow(arrays: Arrays, make: Callable[..., Any]) -> Bench:
    import tensorflow as tf

    variables = {name: tf.Variable(array, name=name) for name, array in arrays.items()}

    def step(gradients: Arrays, optimizer: Any) -> Any:
        optimizer.apply_gradients([(tf.constant(gradients[name]), variable) for name, variable in variables.items()])
        return optimizer

    return Bench(
        make(list(variables.values())),
        step,
        lambda: {name: np.array(variable.numpy()) for name, variable in variables.items()},
    )


def tf_keras(h: Any, arrays: Arrays) -> Bench:
    from tf_keras.optimizers import Adamax

    def make(variables: list[Any]) -> Any:
        options = {"weight_decay": h.weight_decay or None, "jit_compile": False}
        made = Adamax(h.lr, h.beta1, h.beta2, h.eps, **options)
        made.build(variables)
        return made

    return of_tensorflow(arrays, make)


def legacy(h: Any, arrays: Arrays) -> Bench:
    from tf_keras.optimizers.legacy import Adamax

    def make(variables: list[Any]) -> Any:
        made = Adamax(h.lr, h.beta1, h.beta2, h.eps)
        made._create_all_weights(variables)
        return made

    return of_tensorflow(arrays, make)


_OF_PADDLE: dict[str, Any] = {}
"""Parameters by name: Paddle takes each name once in a process."""


def paddle(h: Any, arrays: Arrays) -> Bench:
    import paddle

    paddle.set_device("cpu")
    for name, array in arrays.items():
        if name not in _OF_PADDLE:
            _OF_PADDLE[name] = paddle.create_parameter(list(array.shape), array.dtype.name, name=name)
        _OF_PADDLE[name].set_value(array)
    now = {name: _OF_PADDLE[name] for name in arrays}
    options = {"parameters": list(now.values()), "weight_decay": h.weight_decay or None}
    made = paddle.optimizer.Adamax(h.lr, h.beta1, h.beta2, h.eps, **options)
    made._create_accumulators(next(iter(now.values())).block, options["parameters"])

    def step(gradients: Arrays, optimizer: Any) -> Any:
        for name, tensor in now.items():
            tensor.grad = paddle.to_tensor(gradients[name])
        optimizer.step()
        return optimizer

    return Bench(made, step, lambda: {name: np.array(tensor.numpy()) for name, tensor in now.items()})


def mlx(h: Any, arrays: Arrays) -> Bench:
    import mlx.core as mx
    from mlx.optimizers import Adamax

    mx.set_default_device(mx.cpu)
    now = {name: mx.array(array) for name, array in arrays.items()}
    made = Adamax(h.lr, list(h.betas), h.eps)
    made.init(now)

    def step(gradients: Arrays, optimizer: Any) -> Any:
        given = {name: mx.array(array) for name, array in gradients.items()}
        now.update(optimizer.apply_gradients(given, now))
        mx.eval(now, optimizer.state)
        return optimizer

    return Bench(made, step, lambda: {name: np.array(array) for name, array in now.items()})


def of_mindspore(arrays: Arrays, make: Callable[..., Any]) -> Bench:
    from mindspore import Parameter, Tensor

    now = {name: Parameter(Tensor(array), name=name) for name, array in arrays.items()}

    def step(gradients: Arrays, optimizer: Any) -> Any:
        optimizer(tuple(Tensor(gradients[name]) for name in now))
        return optimizer

    return Bench(make(list(now.values())), step, lambda: {name: np.array(x.asnumpy()) for name, x in now.items()})


def mindspore(h: Any, arrays: Arrays) -> Bench:
    from mindspore.nn import AdaMax

    options = {"weight_decay": h.weight_decay}
    return of_mindspore(arrays, lambda now: AdaMax(now, h.lr, h.beta1, h.beta2, h.eps, **options))


def mindspore_experimental(h: Any, arrays: Arrays) -> Bench:
    from mindspore.experimental.optim import Adamax

    options = {"maximize": h.maximize}
    return of_mindspore(arrays, lambda now: Adamax(now, h.lr, h.betas, h.eps, h.weight_decay, **options))


def mxnet(h: Any, arrays: Arrays) -> Bench:
    import mxnet

    now = {name: mxnet.nd.array(array, dtype=array.dtype) for name, array in arrays.items()}
    made = mxnet.optimizer.Adamax(h.lr, h.beta1, h.beta2, wd=h.weight_decay)

    def step(gradients: Arrays, updater: Any) -> Any:
        for index, (name, array) in enumerate(now.items()):
            updater(index, mxnet.nd.array(gradients[name], dtype=gradients[name].dtype), array)
        return updater

    return Bench(mxnet.optimizer.get_updater(made), step, lambda: {name: np.array(x.asnumpy()) for name, x in now.items()})


def tfjs(h: Any, arrays: Arrays, recipe: str) -> Bench:
    """Run TensorFlow.js in a process of Node's that has the recipe; what is held is a function that asks it."""
    program = recipe + Path(__file__).with_name("bench.js").read_text(encoding="utf-8")
    node = subprocess.Popen(["node", "-e", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert node.stdin is not None and node.stdout is not None
    given, taken = node.stdin, node.stdout

    def ask(*request: Any) -> Any:
        given.write(json.dumps(request) + "\n")
        given.flush()
        return json.loads(taken.readline())

    def plain(named: Arrays) -> Arrays:
        return {name: {"shape": list(x.shape), "values": x.ravel().tolist()} for name, x in named.items()}

    def step(gradients: Arrays, held: Any) -> Any:
        ask("step", plain(gradients))
        return held

    def numbers() -> Arrays:
        return {name: np.array(x["values"], np.float32).reshape(x["shape"]) for name, x in ask("numbers").items()}

    ask("make", {"lr": h.lr, "beta1": h.beta1, "beta2": h.beta2, "eps": h.eps}, plain(arrays))
    return Bench(ask, step, numbers)


BENCHES: dict[str, Callable[..., Bench]] = {
    "torch": torch,
    "pytorch-optimizer": pytorch_optimizer,
    "torchopt": torchopt,
    "optax": optax,
    "keras": keras,
    "keras/jax": keras,
    "keras/torch": keras,
    "keras/tf-keras": tf_keras,
    "tensorflow/legacy": legacy,
    "paddle": paddle,
    "mlx": mlx,
    "mindspore": mindspore,
    "mindspore/experimental": mindspore_experimental,
    "mxnet/1.x": mxnet,
    "tfjs": tfjs,
}
