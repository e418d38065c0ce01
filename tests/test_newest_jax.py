"""What runs on the newest JAX too, `make test-latest`: a test, marked `latest`, of each module that imports JAX.

Tests of what JAX takes no part in, and further cases of what they test, run on the pinned one alone.
"""

import ast
from pathlib import Path

import pytest
from newest_jax import imports_jax

import shiftmath

HERE, PACKAGE = Path(__file__).parent, Path(shiftmath.__file__).parent

ON_THE_NEWEST = {
    "_shared/test_batches.py": {"test_batches_are_the_entries_one_by_one_and_traced_once": "_shared/batches"},
    "_shared/test_kept_programs.py": {"test_a_cache_that_breaks_loops_is_named_once": "_shared/kept_programs"},
    "adversary/test_attack_arguments.py": {"test_options_may_be_traced": "adversary/_arguments"},
    "adversary/test_attack_extremes.py": {"test_a_function_of_numpy_is_walked_as_its_twin_of_jax": "adversary/_host"},
    "adversary/test_attacks.py": {
        "test_attacks_are_the_same_inside_a_jitted_function": "adversary/attack adversary/minimal adversary/projected "
        "adversary/_halving adversary/_losses adversary/_norms adversary/_walk adversary/automatic adversary/_ascent"
    },
    "interpolant/test_callback.py": {
        "test_values_and_both_kinds_of_derivatives_are_those_of_jax": "interpolant/callback"
    },
    "interpolant/test_predictor.py": {
        "test_gradient_of_a_function_of_jax_is_that_of_the_kernel_it_calls": "interpolant/gradients"
    },
    "kernels/test_kernels_contract.py": {"test_diag_is_differentiable_and_traces": "kernels/diagonal"},
    "kernels/test_kernels_gradient.py": {
        "test_gradients_of_many_saturated_layers_are_those_of_jax": "kernels/_numba/back_smooth_rows"
    },
    "kernels/test_kernels_group_average.py": {
        "test_it_is_refused_inside_a_transformation_too": "kernels/joint_action",
    },
    "kernels/test_kernels_jax.py": {
        "test_the_two_engines_agree": "kernels/_jax/boxes kernels/_jax/convolutional kernels/_jax/dense "
        "kernels/_jax/images kernels/_jax/maps kernels/_jax/slices",
        "test_gradient_is_finite_where_the_kernel_has_a_kink": "kernels/dual",
        "test_dtype_of_the_input_decides": "kernels/arrays",
    },
    "kernels/test_kernels_oracle.py": {
        "test_on_a_newer_jax_every_function_says_what_the_oracle_needs": "kernels/oracle"
    },
    "networks/test_architectures.py": {
        "test_the_logits_are_the_formula": "networks/architectures networks/arrays networks/layers networks/parts",
        "test_float64_does_not_depend_on_the_settings_of_jax": "_shared/precision",
    },
    "networks/test_layers.py": {"test_the_routes_have_the_same_gradients": "networks/correlation"},
    "networks/test_tangent.py": {"test_the_layers_terms_add_up_to_the_tangent_kernel": "networks/tangent"},
    "networks/test_training.py": {
        "test_gradient_descent_on_the_cross_entropy_is_the_iteration_by_hand": "networks/training networks/losses "
        "networks/schedules _shared/chunks"
    },
    "networks/test_downsampling.py": {
        "test_the_layers_obey_the_rule_in_jax_too": "networks/downsampling/adaptive networks/downsampling/learned "
        "networks/downsampling/named",
        "test_numpy_and_jax_agree_and_keep_their_kind": "networks/downsampling/fixed networks/downsampling/polyphase",
    },
    "networks/test_downsampling_axes.py": {
        "test_the_lie_derivative_is_the_limit_of_shifts_between_the_samples": "networks/downsampling/lie"
    },
    "networks/test_downsampling_training.py": {
        "test_networks_learn_by_the_loss_of_tips_with_their_batch_norms": "networks/downsampling/penalised"
    },
    "related/test_transformer.py": {
        "test_states_and_words_are_those_of_the_formula": "related/transformer",
        "test_training_is_adam_with_this_rate_and_this_clipping": "related/teaching",
    },
    "networks/test_downsampling_networks.py": {
        "test_residual_blocks_share_one_choice": "networks/downsampling/residual",
        "test_the_layer_where_exactness_is_lost_is_seen": "networks/downsampling/measures",
    },
    "related/test_universal_approximation.py": {
        "test_the_values_are_the_formula": "related/universal_approximation",
    },
}


def test_every_module_that_imports_jax_has_a_test_on_the_newest():
    named = {module for tests in ON_THE_NEWEST.values() for modules in tests.values() for module in modules.split()}
    found = {p.relative_to(PACKAGE).with_suffix("").as_posix() for p in PACKAGE.rglob("*.py") if imports_jax(p)}
    assert named == found


@pytest.mark.parametrize(("file", "test"), [(file, test) for file, tests in ON_THE_NEWEST.items() for test in tests])
def test_which_is_there_and_runs(file, test):
    functions = [node for node in ast.parse((HERE / file).read_text()).body if isinstance(node, ast.FunctionDef)]
    (own,) = (node for node in functions if node.name == test)
    marks = [ast.unparse(mark) for mark in own.decorator_list]
    assert any(mark == "pytest.mark.latest" or "with_latest(" in mark for mark in marks)
