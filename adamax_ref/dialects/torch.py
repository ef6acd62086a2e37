"""``torch.optim.Adamax`` on the CPU, since PyTorch 2.1, when the moment became a ``lerp``."""

from dataclasses import replace

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance, usual_conditions
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import fma, maximum, store
from adamax_ref.recipe.types import Constants, FormatRounding, HyperLike, MultiplyAdd, Number, Rounding, Scalar


def conditions(h: HyperLike, to: FormatRounding) -> dict[str, bool]:
    """``lerp`` starts from the other end once the rounded weight reaches one half; some decay in two roundings.

    ``add(alpha)`` is fused in the vector loop. Complex numbers, and what the 16-bit loop leaves over, have the product
    rounded first.
    """
    usual = usual_conditions(h, to)
    apart = to.place == "pair" or (to.place == "tail" and to.storage is not to.working)
    return {**usual, "far": to.work(1 - h.beta1) >= 0.5, "apart": usual["decaying"] and apart}


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Python floats up to the last moment; epsilon and decay reach a 16-bit kernel in its own type."""
    weight = to.work(1 - h.beta1)
    return {
        "weight": weight,
        "minus_beta1": weight - 1,
        "beta1": to.work(h.beta1),
        "beta2": to.work(h.beta2),
        "eps": to.store(to.work(h.eps)),
        "decay": to.store(to.work(h.weight_decay)),
        "minus_rate": to.work(-(h.lr / (1 - h.beta1**t))),
    }


def moments(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants, multiply_add: MultiplyAdd = fma) -> tuple[Scalar, Scalar]:
    """``neg``, ``add(alpha)``, ``lerp_``, ``mul_``/``abs``/``add_``/``maximum``."""
    if c.maximize:
        g = -g
    if c.decaying:
        g = store(store(p * c.decay) + g) if c.apart else store(fma(p, c.decay, g))
    toward = g - m
    m = store(multiply_add(c.minus_beta1, toward, g) if c.far else multiply_add(c.weight, toward, m))
    return m, maximum(store(u * c.beta2), store(abs(g) + c.eps))


def update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """Form the moments, then ``addcdiv_(value)``."""
    m, u = moments(p, g, m, u, c)
    return store(p + (c.minus_rate * m) / u), m, u


def unfused_conditions(h: HyperLike, to: FormatRounding) -> dict[str, bool]:
    """Every decay has two roundings."""
    return {**conditions(h, to), "apart": h.weight_decay != 0}


def unfused_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """Do the same with a product and a sum for every fused multiply-add."""
    m, u = moments(p, g, m, u, c, lambda a, b, addend: (a * b) + addend)
    return store(p + (c.minus_rate * m) / u), m, u


def capturable_constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Correct the bias in the type of the step counter, binary32 whatever the profile."""
    correction = to.single(to.single(h.beta1) ** t - 1)
    return {**constants(h, t, to), "divisor": to.work(to.single(correction / to.single(h.lr)))}


def capturable_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """Form the moments, then ``mul`` and ``addcdiv_`` without a value."""
    m, u = moments(p, g, m, u, c)
    return store(p + m / store(u * c.divisor)), m, u


def foreach_constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Round beta2 to the storage type, as the lists of tensors do."""
    return {**constants(h, t, to), "beta2": to.store(to.work(h.beta2))}


def tensor_lr_constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Divide in the type of the learning rate, a float32 tensor."""
    return {**constants(h, t, to), "minus_rate": to.work(-(to.single(h.lr) / to.single(1 - h.beta1**t)))}


def tensor_lr_foreach_constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """Take the learning rate back from a float32 tensor and divide in double."""
    rate = to.double(to.single(h.lr)) / (1 - h.beta1**t)
    return {**foreach_constants(h, t, to), "minus_rate": to.work(-rate)}


def compiled_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """Do what Inductor's C++ does: nothing is fused, and the correction divides as under capturable=True."""
    m, u = moments(p, g, m, u, c, lambda a, b, addend: (a * b) + addend)
    return p + m / (u * c.divisor), m, u


def early_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """Average with two products, ``mul_`` and ``add_(alpha)``, as it was before ``lerp_``."""
    if c.maximize:
        g = -g
    if c.decaying:
        g = fma(p, c.decay, g)
    m = fma(g, c.weight, m * c.beta1)
    u = maximum(u * c.beta2, abs(g) + c.eps)
    return p + (c.minus_rate * m) / u, m, u


def cuda_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """Form the moments, then divide before the fused multiply-add, as ``addcdiv_`` does on a GPU."""
    m, u = moments(p, g, m, u, c)
    return store(fma(c.minus_rate, m / u, p)), m, u


_base = Dialect(
    name="torch",
    title="PyTorch 2.1 and later, CPU with fused multiply-add",
    update=update,
    constants=constants,
    conditions=conditions,
    defaults=Hyperparameters(),
    vector=32,
    provenance=Provenance(
        framework="PyTorch",
        versions="2.1 to 2.13",
        source="torch/optim/adamax.py (_single_tensor_adamax); aten/src/ATen/native/cpu/LerpKernel.cpp, PointwiseOpsKernel.cpp",
        evidence=Evidence.LIVE,
        measured="torch 2.13.0",
        links=("https://docs.pytorch.org/docs/2.8/generated/torch.optim.Adamax.html",),
    ),
    quirks=(
        "Epsilon is added to |g| inside the maximum, so it is part of the stored norm and decays with it.",
        "For a weight 1-beta1 of one half or more lerp is evaluated from the gradient's end, with other roundings.",
        "In float16 the default eps rounds to 0: a zero gradient at the first step gives 0/0 = NaN.",
        "In bfloat16 beta2 * u rounds back to u for beta2 = 0.999: the norm never decays.",
        "With weight decay in float16 and bfloat16 the elements after the last full vector of 32, and all of a strided "
        "array, have the product decay * p rounded before it is added; so a result depends on the element's position.",
        "A complex parameter decays as a complex product: an infinite part makes the other part NaN, which no dialect "
        "of independent reals can follow; for finite numbers the bits are those of this one.",
        "Values given for one parameter group are not validated by PyTorch.",
    ),
)

DIALECT = replace(
    _base,
    variants={
        "unfused": replace(
            _base,
            name="torch/unfused",
            title="PyTorch 2.1 and later, CPU without fused multiply-add",
            update=unfused_update,
            conditions=unfused_conditions,
            vector=0,
            quirks=("Followed with ATEN_CPU_CAPABILITY=default, and on processors that lack the instruction.",),
        ),
        "capturable": replace(
            _base,
            name="torch/capturable",
            title="PyTorch 2.1 and later, capturable=True",
            update=capturable_update,
            constants=capturable_constants,
            family=Family(bias="compute"),
            quirks=(
                "The bias is corrected in float32 for float64 parameters too, so all of them differ from the ordinary step.",
                "On a device beta1**t is the device's own power, whose last bit nobody promises; here it is the float32 "
                "nearest to the double power of the float32 beta1.",
            ),
        ),
        "foreach": replace(
            _base,
            name="torch/foreach",
            title="PyTorch 2.1 and later, CPU, foreach=True",
            constants=foreach_constants,
            quirks=("It differs from the loop over tensors only in 16 bits, where beta2 is rounded to the storage type.",),
        ),
        "tensor-lr": replace(
            _base,
            name="torch/tensor-lr",
            title="PyTorch 2.1 and later, CPU, lr a float32 tensor",
            constants=tensor_lr_constants,
            quirks=("The division by the bias correction happens in the type of the learning rate.",),
        ),
        "tensor-lr-foreach": replace(
            _base,
            name="torch/tensor-lr-foreach",
            title="PyTorch 2.1 and later, CPU, lr a float32 tensor, foreach=True",
            constants=tensor_lr_foreach_constants,
            quirks=("Unlike the loop over tensors it takes the learning rate back into double before it divides.",),
        ),
        "compile": replace(
            _base,
            name="torch/compile",
            title="PyTorch 2, CPU, torch.compile of step",
            update=compiled_update,
            constants=capturable_constants,
            conditions=unfused_conditions,
            profiles=("f64", "f32"),
            family=Family(bias="compute"),
            vector=0,
            quirks=("The bias is corrected in float32, for float64 parameters too.", "No multiply-add is fused."),
        ),
        "pre-2.1": replace(
            _base,
            name="torch/pre-2.1",
            title="PyTorch before 2.1, CPU with fused multiply-add",
            update=early_update,
            profiles=("f64", "f32"),
            vector=0,
            provenance=replace(
                _base.provenance,
                versions="1.x to 2.0",
                source="torch/optim/adamax.py before July 2023",
                evidence=Evidence.SOURCE,
                measured="",
            ),
            quirks=(
                "Measured by hand on 1.13.1 and 2.0.1, in float64 and float32: no bit differs.",
                "Read from the history of the source, not run. Its pair of operations, mul_ and add_(alpha), runs in TorchOpt and "
                "in Keras on torch, which still use it. Until March 2017 the defaults were lr 1e-2 and eps 1e-38.",
            ),
        ),
        "cuda": replace(
            _base,
            name="torch/cuda",
            title="PyTorch 2.1 and later, CUDA",
            update=cuda_update,
            profiles=("f64", "f32"),
            vector=0,
            provenance=replace(
                _base.provenance,
                source="aten/src/ATen/native/cuda/PointwiseOpsKernel.cu, Lerp.cu, ForeachPointwiseOp.cu",
                evidence=Evidence.SOURCE,
                measured="",
            ),
            quirks=(
                "Nothing was run on a GPU. That the compiler fuses the multiply-adds of decay and of the last line, as it may "
                "by default, is assumed.",
            ),
        ),
    },
)
