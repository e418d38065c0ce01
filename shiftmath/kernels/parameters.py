"""Parameters of a kernel: read, set and shown by name, in the sense of scikit-learn, which is not needed for it."""

from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, Self

from shiftmath._shared.arguments import as_choice

__all__ = ["Parameters"]


@dataclass(frozen=True, repr=False)
class Parameters:
    """A frozen dataclass whose fields are parameters: `sklearn.base.clone` and `GridSearchCV` take it.

    Its repr shows what differs from the defaults, and is the expression that makes it again.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters {name: value}, and if deep those of a parameter that has some itself, as kernel__depth.

        >>> from shiftmath.kernels import FullyConnected
        >>> FullyConnected(depth=2).get_params()["depth"]
        2
        """
        params = {f.name: getattr(self, f.name) for f in fields(self)}
        inner = {n: v.get_params() for n, v in params.items() if hasattr(v, "get_params")} if deep else {}
        return params | {f"{outer}__{n}": v for outer, values in inner.items() for n, v in values.items()}

    def set_params(self, **params: Any) -> Self:
        """The kernel itself with these parameters, checked as by its constructor; kernel__depth sets that of `kernel`.

        It changes the object in place, and with it what it is equal to and its hash: a kernel that is a key of a
        dictionary or in a set is not found there any more. `dataclasses.replace` and `sklearn.base.clone` make another.

        Raises:
            ValueError, TypeError: a parameter that it does not have, or a value that the constructor refuses; all
                parameters then stay as they were.

        >>> from shiftmath.kernels import FullyConnected
        >>> FullyConnected().set_params(depth=3)
        FullyConnected(depth=3)
        """
        names, own, inner = [f.name for f in fields(self)], {}, dict[str, dict[str, Any]]()
        for name, value in params.items():
            outer, nested, rest = name.partition("__")
            as_choice("parameter", outer if outer in names else name, names)
            if nested:
                inner.setdefault(outer, {})[rest] = value
            else:
                own[name] = value
        new = replace(self, **own)
        for name, values in inner.items():
            if not hasattr(getattr(new, name), "set_params"):
                as_choice("parameter", f"{name}__{next(iter(values))}", names)
            getattr(new, name).set_params(**values)
        for name in own:
            object.__setattr__(self, name, getattr(new, name))
        return self

    def __repr__(self) -> str:
        own = [(f.name, getattr(self, f.name), f.default) for f in fields(self)]
        shown = [f"{name}={value!r}" for name, value, default in own if default is MISSING or value != default]
        return f"{type(self).__name__}({', '.join(shown)})"
