"""The PTX of every recipe, compiled for two machines, assembled, and held against the recipe; and proof that this can fail."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from adamax_ref.dialects import get
from adamax_ref.orders.all_recipes import every_recipe
from adamax_ref.recipe.profile import PROFILES
from adamax_ref.recipe.trace import trace
from adamax_ref_cuda.assembler import Usage, assemble, read_report
from adamax_ref_cuda.audit import Finding, audit, expected, instructions
from adamax_ref_cupy.compiler import OPTIONS
from adamax_ref_cupy.source import PROLOGUE, TEMPLATES, kernel_name, kernel_source, lanes

TORCH = get("torch")
F32 = TORCH.recipe(TORCH.defaults, "f32")
UNFUSED = get("torch/unfused").recipe(TORCH.defaults, "f32")
Compile = Callable[..., bytes]
MACHINES = ("sm_80", "sm_90")


def texts(ptx: str) -> dict[str, str]:
    """Cut PTX into its kernels."""
    parts = re.split(r"^(?=\.visible \.entry )", ptx, flags=re.MULTILINE)[1:]
    return {part.split("(")[0].split()[-1]: part for part in parts}


def test_every_recipe_compiles_to_exactly_its_operations(nvrtc: Compile, ptxas: str, tell: Callable[[str], None]) -> None:
    recipes = tuple(every_recipe())
    source = PROLOGUE + "".join(map(kernel_source, recipes))

    def prove(arch: str) -> tuple[list[Finding], list[Usage]]:
        ptx = nvrtc(source, arch, "ptx").decode()
        kernels = texts(ptx)
        return [audit(kernels[kernel_name(recipe)], recipe) for recipe in recipes], assemble(ptx, arch, ptxas)

    with ThreadPoolExecutor(len(MACHINES)) as pool:
        proofs = dict(zip(MACHINES, pool.map(prove, MACHINES), strict=True))
    for findings, usages in proofs.values():
        assert [every_recipe()[r] + f.faults for r, f in zip(recipes, findings, strict=True) if f.faults] == []
        assert [finding.elements for finding in findings] == [lanes(recipe) + 1 for recipe in recipes]
        assert {finding.wide for finding in findings} == {7}  # four loads, three stores
        assert {(usage.spilled, usage.stack) for usage in usages} == {(0, 0)} and len(usages) == len(findings)
    counts = " and ".join(f"{len(findings)} kernels for {arch}" for arch, (findings, _) in proofs.items())
    read, rounded = (sum(getattr(f, of) for fs, _ in proofs.values() for f in fs) for of in ("instructions", "arithmetic"))
    most = max(usage.registers for _, usages in proofs.values() for usage in usages)
    tell(
        f"PTX of CUDA C: {counts}, {read} instructions, {rounded} rounded operations, all as in the recipes; "
        f"assembled without a spill, at most {most} registers"
    )


def plain_operators(source: str) -> str:
    """Write the operations as a careless author would."""
    for name, template in TEMPLATES["binary32"].items():
        if name in ("add", "sub", "mul", "div"):
            sign = {"add": "+", "sub": "-", "mul": "*", "div": "/"}[name]
            source = re.sub(re.escape(template.split("(")[0]) + r"\((\w+), (\w+)\)", rf"(\1 {sign} \2)", source)
    return source


PLANTED: dict[str, tuple[Callable[[str], str], tuple[str, ...], str]] = {
    "contracted": (plain_operators, ("--fmad=true",), "fma for"),
    "open to contraction": (plain_operators, ("--fmad=true",), "does not say how it rounds"),
    "flushing": (str, ("--fmad=false", "--ftz=true"), "flushes subnormals"),
    "approximate division": (plain_operators, ("--fmad=false", "--prec-div=false"), "is approximate"),
    "maximum without NaN": (
        lambda source: source.replace("return a >= b || a != a ? a : b;", "return fmaxf(a, b);"),
        ("--fmad=false",),
        "drops NaN",
    ),
    "maximum that forgets the first operand's NaN": (
        lambda source: source.replace("a >= b || a != a ? a : b", "a >= b ? a : b"),
        ("--fmad=false",),
        "0 tests for NaN",
    ),
    "promoted to double": (
        lambda source: source.replace("__fmul_rn(r_u, r_beta2)", "(float)__dmul_rn(r_u, r_beta2)"),
        ("--fmad=false",),
        "converts what the recipe does not",
    ),
    "another rounding": (lambda source: source.replace("__fadd_rn", "__fadd_rz"), ("--fmad=false",), "rounds to zero"),
    "fma taken apart": (
        lambda source: source.replace("__fmaf_rn(r_weight, r_v1, r_m)", "__fadd_rn(__fmul_rn(r_weight, r_v1), r_m)"),
        OPTIONS,
        "0 fma for",
    ),
    "reciprocal": (
        lambda source: re.sub(r"__fdiv_rn\((\w+), (\w+)\)", r"__fmul_rn(\1, __frcp_rn(\2))", source),
        OPTIONS,
        "approximate reciprocal",
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_the_audit_finds_what_was_planted(nvrtc: Compile, planted: str) -> None:
    change, options, words = PLANTED[planted]
    recipe = UNFUSED if planted == "contracted" else F32
    source = kernel_source(recipe)
    changed = change(source)
    assert changed != source or change is str
    finding = audit(nvrtc(PROLOGUE + changed, "sm_90", "ptx", options).decode(), recipe)
    assert any(words in fault for fault in finding.faults), finding


def test_the_intrinsics_survive_harmful_options(nvrtc: Compile) -> None:
    options = ("--fmad=true", "--prec-div=false")
    assert audit(nvrtc(PROLOGUE + kernel_source(F32), "sm_90", "ptx", options).decode(), F32).faults == ()


def test_the_right_ptx_of_another_recipe_is_wrong(nvrtc: Compile) -> None:
    paper = get("paper").recipe(get("paper").defaults, "f32")
    assert audit(nvrtc(PROLOGUE + kernel_source(paper), "sm_90", "ptx").decode(), F32).faults


def test_a_rounding_to_storage_that_is_left_out_is_noticed(nvrtc: Compile) -> None:
    recipe = TORCH.recipe(TORCH.defaults, "bf16")
    source = re.sub(r"widen\(narrow\((r_\w+)\)\)", r"\1", kernel_source(recipe), count=1)
    assert source != kernel_source(recipe)
    right = audit(nvrtc(PROLOGUE + kernel_source(recipe), "sm_90", "ptx").decode(), recipe)
    wrong = audit(nvrtc(PROLOGUE + source, "sm_90", "ptx").decode(), recipe)
    narrowed = "cvt.rn.bf16.f32"
    assert right.faults == () and wrong.counts[narrowed] < right.counts[narrowed]


def test_opcodes_are_read_through_predicates_comments_and_braces() -> None:
    ptx = "{ .reg .b16 %rs<3>;\n@!%p3 bra $L; // add.f32\n\tmul.rn.f32 %f1, %f2, %f3; add.rn.f32 %f1, %f1, %f1;\n$L:\nret;\n}"
    assert instructions(ptx) == ["bra", "mul.rn.f32", "add.rn.f32", "ret"]


def test_operations_on_constants_alone_may_be_done_once_for_all_elements() -> None:
    recipe = trace(lambda p, g, m, u, c: (p - c.a * c.b * g, m, u), ["a", "b"], {}, PROFILES["f32"])
    each, shared = expected(recipe)
    assert (each["mul"], shared["mul"], each["add"]) == (1, 1, 1)


def test_every_operation_of_every_format_has_a_template() -> None:
    used = {(recipe.working, operation.name) for recipe in every_recipe() for operation in recipe.operations}
    assert all(name in TEMPLATES[working] for working, name in used)


def test_ptxas_refuses_what_is_not_ptx(ptxas: str) -> None:
    with pytest.raises(ValueError, match="ptxas refused the kernel for sm_90"):
        assemble("this is no PTX", "sm_90", ptxas)


def test_a_report_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_report("Compiling entry function 'k' for 'sm_90'\nand nothing else")


def test_source_that_does_not_compile_is_an_error_with_the_log(nvrtc: Compile) -> None:
    with pytest.raises(ValueError, match=r"NVRTC refused the kernel for sm_90:\s*adamax_ref.cu\(1\)"):
        nvrtc("int x", "sm_90", "ptx")


def test_kernels_have_names_of_their_own() -> None:
    assert len({kernel_name(recipe) for recipe in every_recipe()}) == len(every_recipe())
