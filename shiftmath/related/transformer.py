r"""A small transformer that translates: an encoder and a decoder, whose states after each layer can be looked at.

A word w at the position p enters as $W_s e(w) + W_p E(p)$, e a learned vector and E(p) a fixed encoding; with
$W_s = W_p = 1$, not learned, encodings are added, and learned matrices are the "linear-and-add" of Lu and Guo (2023).
A layer adds to each state, first, what attention finds in the states of all positions (in the decoder: of those up to
its own, and then of the encoder's), and second, what a network with one hidden layer of 2 d ReLU units makes of it.
Whatever is read from a state is read after it is centred and brought to the variance 1. No dropout, no other biases.
Transformers: Vaswani et al., Attention Is All You Need (2017).
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from numpy.typing import ArrayLike

from shiftmath._shared.arguments import as_bool, as_count, as_signal, require_finite, require_finite_result
from shiftmath.related.translation import CLASSES

__all__ = ["Translator", "translator"]

FAR = -1e9  # the score of a position that is not looked at


class Attention(eqx.Module):
    """Heads that each read, from all states m, what is at positions whose keys are like the query of a state x."""

    query: Float[Array, "heads d k"]
    key: Float[Array, "heads d k"]
    value: Float[Array, "heads d k"]
    out: Float[Array, "heads k d"]

    def __call__(self, x: Array, m: Array, causal: bool = False) -> Array:
        """(positions, d) of states x (positions, d) and m (others, d)."""
        q, k, v = (jnp.einsum("ld,hdk->hlk", y, w) for y, w in ((x, self.query), (m, self.key), (m, self.value)))
        scores = jnp.einsum("hlk,hmk->hlm", q, k) / math.sqrt(q.shape[-1])
        if causal:
            scores = jnp.where(jnp.tril(jnp.ones(scores.shape, bool)), scores, FAR)
        return jnp.einsum("hlm,hmk,hkd->ld", jax.nn.softmax(scores), v, self.out)


class Layer(eqx.Module):
    """One layer of the encoder, or of the decoder if it has attention across."""

    own: Attention
    across: Attention | None
    first: Float[Array, "d 2*d"]
    bias: Float[Array, "1 2*d"]
    second: Float[Array, "2*d d"]

    def __call__(self, x: Array, memory: Array | None = None) -> Array:
        """The states x (positions, d) after the layer."""
        y = normalised(x)
        x = x + self.own(y, y, causal=self.across is not None)
        if self.across is not None and memory is not None:
            x = x + self.across(normalised(x), memory)
        return x + jax.nn.relu(normalised(x) @ self.first + self.bias) @ self.second


class Translator(eqx.Module):
    """The encoder and the decoder; arrays of layers have a leading axis, one entry for each layer."""

    words: Float[Array, "2 words+1 d"]
    mix: Float[Array, "2 d d"]
    learned: Float[Array, ""]
    encodings: Float[Array, "length d"]
    encoder: Layer
    decoder: Layer
    read: Float[Array, "d words"]

    def states(self, source: Int[Array, "length"], target: Int[Array, "length"]) -> tuple[Array, Array]:
        """The states of encoder and decoder, (layers + 1, length, d) each, the embedding first.

        The decoder sees at each position the words of the target before it; at the first, a sign for the beginning.
        """
        begin = jnp.full(1, self.words.shape[1] - 1, target.dtype)
        encoded = self._through(self.encoder, self._embed(0, source))
        previous = jnp.concatenate([begin, target[:-1]])
        return encoded, self._through(self.decoder, self._embed(1, previous), normalised(encoded[-1]))

    def __call__(self, source: Int[Array, "length"], target: Int[Array, "length"]) -> Float[Array, "length words"]:
        """The logits of each word of the target, given the words before it."""
        return normalised(self.states(source, target)[1][-1]) @ self.read

    def _embed(self, language: int, sentence: Array) -> Array:
        fixed = jax.lax.stop_gradient(self.mix)
        semantic, positional = fixed + jax.lax.stop_gradient(self.learned)[None, None, None] * (self.mix - fixed)
        return self.words[language, sentence] @ semantic + jax.lax.stop_gradient(self.encodings) @ positional

    @staticmethod
    def _through(layers: Layer, x: Array, memory: Array | None = None) -> Array:
        def after(x: Array, layer: Layer) -> tuple[Array, Array]:
            return (y := layer(x, memory)), y

        return jnp.concatenate([x[None], jax.lax.scan(after, x, layers)[1]])


def normalised(x: Array) -> Array:
    """States with mean 0 and variance 1 over their d entries."""
    x = x - x.mean(axis=-1, keepdims=True)
    return x / jnp.sqrt(jnp.mean(x**2, axis=-1, keepdims=True) + 1e-5)


def translator(
    key: Array, encodings: ArrayLike, *, words: int = 3, linear: bool = False, heads: int = 2, layers: int = 2
) -> Translator:
    r"""An untrained translator in float32, all numbers random: normal, with the variance 1 over the fan-in.

    Word vectors have the variance 1/2 in each entry, as the entries of sinusoids have.

    Args:
        key: of the random numbers.
        encodings: E(p) (length, d), zeros for none.
        words: how many words each class of the language has.
        linear: learn the matrices $W_s$ and $W_p$, which are the identity otherwise.
        heads: of each attention; divides d.
        layers: of the encoder, and as many of the decoder.

    Raises:
        ValueError, TypeError: what is not as said above.

    >>> network = translator(jax.random.key(0), np.zeros((5, 4)))
    >>> network(jnp.arange(5), jnp.arange(5)).shape
    (5, 12)
    """
    encodings = as_signal("encodings", encodings, to_numpy=True)
    if encodings.ndim != 2:
        raise ValueError(f"encodings: got shape {encodings.shape}, takes an array (length, d)")
    require_finite("encodings", encodings)
    with np.errstate(over="ignore"):  # the result is looked at instead
        table = jnp.asarray(encodings, jnp.float32)
    require_finite_result("encodings", encodings, table, "size overflows in float32")
    d, count = encodings.shape[1], len(CLASSES) * as_count("words", words, most=2**16)
    layers, linear = as_count("layers", layers, most=100), as_bool("linear", linear)
    if d % as_count("heads", heads):
        raise ValueError(f"heads: got {heads}, takes a whole number that divides d = {d}")
    one, two, three, four, five = jax.random.split(key, 5)
    mix = _normal(three, (2, d, d)) if linear else jnp.tile(jnp.eye(d, dtype=jnp.float32), (2, 1, 1))
    return Translator(
        words=_normal(one, (2, count + 1, d)) * math.sqrt(d / 2),
        mix=mix,
        learned=jnp.float32(linear),
        encodings=table,
        encoder=_layers(four, layers, d, heads, across=False),
        decoder=_layers(five, layers, d, heads, across=True),
        read=_normal(two, (d, count)),
    )


def _layers(key: Array, layers: int, d: int, heads: int, *, across: bool) -> Layer:
    """Layers as one, with a leading axis."""

    def attention(key: Array) -> Attention:
        into, out = jax.random.split(key)
        q, k, v = _normal(into, (3, layers, heads, d, d // heads))
        return Attention(q, k, v, _normal(out, (layers, heads, d // heads, d), fan_in=d))

    one, two, three, four = jax.random.split(key, 4)
    return Layer(
        own=attention(one),
        across=attention(two) if across else None,
        first=_normal(three, (layers, d, 2 * d)) * math.sqrt(2),
        bias=jnp.zeros((layers, 1, 2 * d), jnp.float32),
        second=_normal(four, (layers, 2 * d, d)),
    )


def _normal(key: Array, shape: tuple[int, ...], fan_in: int | None = None) -> Any:
    """Random numbers with the variance 1 / fan-in, the next to last length of the shape if not said otherwise."""
    return jax.random.normal(key, shape, jnp.float32) / math.sqrt(fan_in or shape[-2])
