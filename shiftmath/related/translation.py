r"""A small language whose law no circular shift changes, and its translation, which commutes with circular shifts.

Words have one of four classes. The classes of a sentence are a Markov chain on a circle: of L positions, with the
transition matrix T, the sentence $c$ has the probability

$$
\frac{1}{\mathrm{tr}\,T^L} \prod_{p=0}^{L-1} T_{c_p, c_{p+1}}, \qquad c_L = c_0,
$$

so that a class has the same probability $(T^L)_{cc} / \mathrm{tr}\,T^L$ at every position. Within its class each word
is as likely as another. The translation puts every adjective that stands before a noun behind it.
"""

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_array, as_count, require_finite
from shiftmath._shared.memory import require_memory
from shiftmath._shared.values import show

__all__ = ["CLASSES", "as_tokens", "class_probabilities", "sentences", "translate"]

CLASSES = ("determiner", "adjective", "noun", "verb")
ADJECTIVE, NOUN = 1, 2
TRANSITIONS = np.array([[0, 0.5, 0.5, 0], [0, 0.25, 0.75, 0], [0.3, 0.1, 0, 0.6], [0.5, 0.25, 0.25, 0]])


def class_probabilities(length: int) -> Float[np.ndarray, "4"]:
    r"""The probability $(T^L)_{cc} / \mathrm{tr}\,T^L$ of each class at a position of a sentence.

    >>> class_probabilities(2)
    array([0.18461538, 0.16923077, 0.46153846, 0.18461538])
    """
    returns = np.diag(np.linalg.matrix_power(TRANSITIONS, as_count("length", length, 2, 10_000)))
    return returns / returns.sum()


def sentences(n: int, length: int, *, words: int = 3, seed: int = 0) -> Int[np.ndarray, "n length"]:
    """Random sentences: word w has the class w // words, see `CLASSES`.

    Args:
        n: how many.
        length: L, the words of a sentence, from 2 to 10,000.
        words: how many words each class has.
        seed: of the random numbers.

    Raises:
        ValueError, TypeError: what is not as said above; more than the memory.

    >>> sentences(2, 6).shape, [CLASSES[w // 3] for w in sentences(1, 6)[0]]
    ((2, 6), ['noun', 'determiner', 'adjective', 'adjective', 'noun', 'verb'])
    """
    n, length = as_count("n", n), as_count("length", length, 2, 10_000)
    words = as_count("words", words, most=2**24)
    require_memory("n", n, 80 * n * (length + len(CLASSES)), "the sentences")
    rng = np.random.default_rng(as_count("seed", seed, least=0))
    powers = [np.linalg.matrix_power(TRANSITIONS, k) for k in range(length)]
    classes = np.zeros((n, length), int)
    classes[:, 0] = rng.choice(len(CLASSES), n, p=class_probabilities(length))
    for p in range(1, length):
        # To c from the class before, and from c back to the first class on the way that is left.
        weights = TRANSITIONS[classes[:, p - 1]] * powers[length - p][:, classes[:, 0]].T
        sums = weights.cumsum(axis=1)
        classes[:, p] = (rng.random(n)[:, None] * sums[:, -1:] >= sums).sum(axis=1)
    return classes * words + rng.integers(words, size=(n, length))


def translate(sources: ArrayLike, *, words: int = 3) -> Int[np.ndarray, "n length"]:
    """The translations: every pair of an adjective and a noun after it, on the circle, is exchanged, word by word.

    The words of the other language have the numbers of those that they translate.

    Args:
        sources: (n, length), words from 0 to 4 words - 1.
        words: how many words each class has.

    Raises:
        ValueError, TypeError: what is not as said above.

    >>> translate([[0, 3, 6, 9], [6, 9, 0, 3]])
    array([[0, 6, 3, 9],
           [3, 9, 0, 6]])
    """
    words = as_count("words", words, most=2**24)
    sources = as_tokens("sources", sources, len(CLASSES) * words)
    classes = sources // words
    first = (classes == ADJECTIVE) & (np.roll(classes, -1, axis=1) == NOUN)
    second = np.roll(first, 1, axis=1)
    behind, before = np.roll(sources, -1, axis=1), np.roll(sources, 1, axis=1)
    return np.where(first, behind, np.where(second, before, sources))


def as_tokens(name: str, x: ArrayLike, count: int) -> Int[np.ndarray, "n length"]:
    """Sentences of words 0, ..., count - 1, as integers."""
    takes = f"sentences (n, length) of whole numbers from 0 to {count - 1}"
    x = as_array(name, x, takes, to_numpy=True)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"{name}: got shape {x.shape}, takes {takes}")
    require_finite(name, x)
    if (x < 0).any() or (x >= count).any() or (x != np.floor(x)).any():
        raise ValueError(f"{name}: got {show(x)}, takes {takes}")
    return x.astype(int)
