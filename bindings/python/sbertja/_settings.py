"""Attributes of the package's objects: what is set afterwards takes effect or raises.

A class declares its attributes as Setting, which checks a value whenever one is set. A `fixed` one is set once, by the
constructor, because nothing would look at it again. Guarded refuses all other names, so that neither a misspelt one nor
one that only sentence-transformers has is accepted in silence. A subclass of a user may have attributes of its own.
"""
import difflib
import inspect
import types

_NONE = object()
_METHODS = (types.FunctionType, staticmethod, classmethod)


class Setting:
    """An attribute; `check(place, value)` gives the value to keep; `fixed` says what to do instead of setting it again."""

    def __init__(self, check=None, *, fixed=None):
        self._check = check
        self._fixed = fixed

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        try:
            return instance.__dict__[self._name]
        except KeyError:
            raise AttributeError(f"{type(instance).__name__}.{self._name} has not been set") from None

    def __set__(self, instance, value):
        place = type(instance).__name__
        if self._fixed and self._name in instance.__dict__:
            raise AttributeError(f"{place}: {self._name} cannot be changed afterwards: {self._fixed}")
        instance.__dict__[self._name] = self._check(f"{place}: {self._name}", value) if self._check else value


class Guarded:
    """Base of classes whose attributes are declared."""

    def __setattr__(self, name, value):
        kind = type(self)
        if not name.startswith("_"):
            declared = inspect.getattr_static(kind, name, _NONE)
            if declared is _NONE and kind.__module__.partition(".")[0] == __package__:
                raise AttributeError(f"{kind.__name__} has no attribute {name!r} to set{_alternatives(kind, name)}")
            if declared is not _NONE and not isinstance(declared, (Setting, *_METHODS)) and \
                    not (isinstance(declared, property) and declared.fset):
                raise AttributeError(f"{kind.__name__}: {name} cannot be set")
        object.__setattr__(self, name, value)


def _alternatives(kind, name):
    known = [each for each in dir(kind) if not each.startswith("_") and _settable(inspect.getattr_static(kind, each))]
    near = difflib.get_close_matches(name, known, 1, 0.5)
    if near:
        return f": did you mean {near[0]!r}?"
    return f"; there are: {', '.join(known)}" if known else ""


def _settable(declared):
    if isinstance(declared, Setting):
        return not declared._fixed
    return isinstance(declared, property) and declared.fset is not None
