"""What the package's functions take: arguments become what the library wants, or an error says what is wrong.

A wrong kind of object is a TypeError and a wrong value an ArgumentError (a ValueError); both name the argument, what was
given and what to pass instead. Nothing is wrapped around, rounded, cut or ignored.
"""
import math
import operator
import os
from collections.abc import Mapping, Set
from numbers import Real

import numpy as np

from . import errors

SIZE_MAX = 2 ** 64 - 1


def describe(value):
    """A value for a message: its kind and, where it is short, itself."""
    kind = type(value).__name__
    if value is None or isinstance(value, (bool, np.bool_)):
        return repr(value)
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"a {kind} of shape {shape}"
    if isinstance(value, (int, float, complex, np.number, str)):
        text = repr(value)
        return f"{kind} {text if len(text) <= 40 else text[:37] + '...'}"
    return kind


# ---- numbers ----

def integer(name, value, least=0, most=SIZE_MAX):
    """An int of at least `least` and at most `most`; no float, bool or text is taken for one."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: {describe(value)}, expected an integer") from None
    if number < least:
        raise errors.ArgumentError(f"{name}: {_short(number)}, expected {least} or more")
    if number > most:
        raise errors.ArgumentError(f"{name}: {_short(number)}, expected {most} or less")
    return number


def number(name, value):
    """A finite float."""
    try:
        if isinstance(value, (bool, np.bool_, str, bytes)) or getattr(value, "ndim", 0) != 0:
            raise TypeError
        result = float(value)
    except TypeError:
        raise TypeError(f"{name}: {describe(value)}, expected a number") from None
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise errors.ArgumentError(f"{name}: {_short(value)}, expected a finite number")
    return result


def flag(name, value):
    """True or False, or 1 or 0."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if type(value) is int and value in (0, 1):
        return bool(value)
    raise TypeError(f"{name}: {describe(value)}, expected True or False")


def _short(number):
    text = str(number) if not isinstance(number, int) or number.bit_length() < 200 else "a number of many digits"
    return text


# ---- texts and other lists ----

def text(name, value):
    """A str."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {describe(value)}, not str")
    return value


def optional_text(name, value):
    return None if value is None else text(name, value)


def texts(name, value):
    """A list of str from a list, a tuple, an array or Series of one dimension, or an iterator, which is used up.

    What iterates over something else than its texts is refused: a table over its columns' names, a dict over its keys, a
    set in no order, a str over its characters.
    """
    return _checked(name, items(name, value, "texts"), "text {}")


def items(name, value, what):
    """The elements of an iterable that has one dimension and an order; `what` they are is for the message."""
    return list(iterable(name, value, what))


def iterable(name, value, what):
    """What `items` takes, to go through once."""
    refuse_containers(name, value, what)
    if hasattr(type(value), "columns") or hasattr(type(value), "column_names"):
        raise TypeError(f"{name}: {describe(value)}, expected a list of {what}: it is a table; pass one column as a list, "
                        "such as df[\"text\"].tolist()")
    found = elements(value)
    if found is None:
        raise TypeError(f"{name}: {describe(value)}, expected a list of {what}")
    return found


def elements(value):
    """An iterable over a container; None: it is no container."""
    if hasattr(type(value), "__iter__"):
        return value
    if hasattr(type(value), "__getitem__") and hasattr(type(value), "__len__"):  # may never raise IndexError
        return (value[index] for index in range(len(value)))
    return None


def refuse_containers(name, value, what):
    """Raises for what can be iterated over, but not as a list of `what`."""
    advice = None
    if isinstance(value, (str, bytes, bytearray, memoryview)):
        decode = "" if isinstance(value, str) else ", decoded to str"
        advice = f"put it in a list{decode}"
    elif isinstance(value, Mapping):
        advice = "it iterates over its keys: pass list(d.values()) or list(d.keys())"
    elif isinstance(value, Set):
        advice = "it has no order: pass sorted(s) or list(s)"
    elif _dimensions(value) == 0:
        advice = "it has no dimension: pass [array.item()]"
    elif _dimensions(value) not in (None, 1):
        advice = "pass one column as a list, such as df[\"text\"].tolist() or array[:, 0].tolist()"
    if advice:
        raise TypeError(f"{name}: {describe(value)}, expected a list of {what}: {advice}")


def mapping(name, value, what):
    """A dict of {id: text}, as a dict of its own."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}: {describe(value)}, expected a dict of {what}")
    return dict(value)


def _dimensions(value):
    dimensions = getattr(value, "ndim", None)
    return dimensions if isinstance(dimensions, int) else None


def _checked(name, found, place):
    for index, each in enumerate(found):
        if not isinstance(each, str):
            raise TypeError(f"{name}: {place.format(index)} is {describe(each)}, not str{_advice(each)}")
    return found


def _advice(element):
    if isinstance(element, bytes):
        return ": decode it"
    if isinstance(element, (list, tuple, np.ndarray)):
        return ": pass a flat list of texts"
    if isinstance(element, Mapping):
        return ": pass the text that it holds"
    if element is None or (isinstance(element, float) and element != element):
        return ": leave out or fill in missing values first"
    return ""


# ---- vectors ----

def vectors(name, value):
    """Numbers as a contiguous array in the machine's byte order, float32 or float64: 16 bits are widened, integers and
    bools become float32. NaN may be among them."""
    array = np.asarray(value)
    if array.dtype == object or array.dtype.kind not in "fiub":
        array = _from_objects(name, value, array)
    wide = array.dtype.kind == "f" and array.dtype.itemsize > 4
    return np.ascontiguousarray(array, np.float64 if wide else np.float32)


def _from_objects(name, value, array):
    """Lists of numbers of unusual kinds; texts, missing values and dates are not numbers."""
    numbers = array.dtype.kind not in "USOMmc" or (array.dtype == object and array.size > 0 and all(
        isinstance(each, (Real, np.bool_)) for each in array.flat))
    try:
        if numbers:
            return array.astype(np.float32)
    except (TypeError, ValueError):
        pass
    found = describe(array.flat[0]) if array.size else str(array.dtype)
    raise TypeError(f"{name}: {describe(value)} holding {found}, expected numbers: encode texts first")


# ---- paths ----

def path(name, value):
    """A path as bytes for the library."""
    try:
        encoded = os.fsencode(value)
    except TypeError:
        raise TypeError(f"{name}: {describe(value)}, expected a path") from None
    if not encoded:
        raise errors.ArgumentError(f"{name}: is empty, expected a path")
    return c_text(name, encoded)


def optional_path(name, value):
    return None if value is None else path(name, value)


def c_text(name, encoded):
    """Bytes for a `const char *`, which a NUL would cut."""
    if b"\0" in encoded:
        raise errors.ArgumentError(f"{name}: has a NUL character, at byte {encoded.index(0)}")
    return encoded


# ---- what has no meaning here ----

def unused(function, reason, **arguments):
    """`name=(value, *defaults)`: raises unless the value is one of the defaults, those that change nothing."""
    for name, (value, *defaults) in arguments.items():
        if not any(value is default or (type(value) is type(default) and value == default) for default in defaults):
            shown = repr(value) if isinstance(value, (int, float, str)) and len(repr(value)) <= 40 else describe(value)
            raise errors.UnsupportedError(f"{function}: {name}={shown} is not supported: {reason}")
