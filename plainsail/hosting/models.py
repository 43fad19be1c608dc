"""Plans of this installation, and which account of the operator pays for which business."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from plainsail.kernel.models import Base, TiedForeignKey, Workspace, WorkspaceKey, WorkspaceOwned


class Plan(WorkspaceOwned):
    """What the operator sells to businesses: a recurring price of a product, as the plan itself or an add-on to it."""

    workspace = WorkspaceKey(related_name="plans")
    price = TiedForeignKey("commerce.Price", on_delete=models.PROTECT, related_name="plans")
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    is_addon = models.BooleanField(default=False)
    is_offered = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta(WorkspaceOwned.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *WorkspaceOwned.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "slug"], name="plan_slug"),
        ]

    def __str__(self) -> str:
        return self.name


class BillingLink(Base):
    """A business and its billing account at the operator. Shared: it joins two workspaces, which never nest."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="billing_link")
    operator = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="billing_links")
    account_id = models.UUIDField()

    def __str__(self) -> str:
        return f"{self.workspace_id} pays at {self.operator_id}"
