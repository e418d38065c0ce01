"""Attacks on any differentiable function: the distance to the decision boundary, measured."""

from shiftmath.adversary.attack import Attack as Attack
from shiftmath.adversary.decision import decision_based as decision_based
from shiftmath.adversary.minimal import ddn as ddn
from shiftmath.adversary.projected import fgsm as fgsm
from shiftmath.adversary.projected import pgd as pgd
from shiftmath.adversary.projected import robust_accuracy as robust_accuracy
