"""Attacks on any function: the distance to the decision boundary, from above.

attack      `Attack`, the result, and the loop over samples that all attacks share
minimal     `ddn`: short adversarial steps by decoupling direction and norm
automatic   `apgd`: short steps by Auto-PGD towards each other class, with a search over the radius
projected   `pgd`, `fgsm`, `robust_accuracy`: the worst point within a radius
decision    `decision_based`: short steps from decisions alone
_losses, _norms, _arguments   what an attack decreases, how steps are measured, what attacks take
_ascent                       the memory of one ascent of `apgd`
_walk, _halving, _host        random walks along the boundary, halving onto it; both for any callable
"""

from shiftmath.adversary.attack import Attack
from shiftmath.adversary.automatic import apgd
from shiftmath.adversary.decision import decision_based
from shiftmath.adversary.minimal import ddn
from shiftmath.adversary.projected import fgsm, pgd, robust_accuracy

__all__ = ["Attack", "apgd", "ddn", "decision_based", "fgsm", "pgd", "robust_accuracy"]
