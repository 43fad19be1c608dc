"""What is plugged into payments: the gateways."""

from __future__ import annotations

from plainsail.kernel.registry import Registry
from plainsail.payments.gateways.base import Gateway

GATEWAYS: Registry[Gateway] = Registry("payments.gateways")
"""Code of a gateway, such as `sandbox`, to the gateway."""
