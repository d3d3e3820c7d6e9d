from scalegmn.graph import Role
from scalegmn.nn import ScaleInv
from scalegmn.nn.canonical import Identity
from scalegmn.nn.mlp import MLP
from scalegmn.nn.per_role import PerRole


def test_roles_share_functions_and_absent_roles_have_none():
    shared, own = (ScaleInv(Identity(), MLP(2, 3, 2)) for _ in range(2))
    functions = PerRole({Role.OUTPUT: shared, Role.INPUT: shared})
    assert functions[Role.INPUT] is functions[Role.OUTPUT] is shared
    assert functions.roles == (Role.INPUT, Role.OUTPUT) and Role.HIDDEN not in functions
    assert len(list(functions.parameters())) == len(list(shared.parameters()))
    both = PerRole({Role.INPUT: shared, Role.HIDDEN: own})
    assert both[Role.HIDDEN] is own and len(both.functions) == 2
