"""Products and prices, orders, invoices, the ledger."""

from plainsail.commerce.models.books import JournalEntry, LedgerAccount, Posting
from plainsail.commerce.models.catalogue import Offer, Price, Product, Supply, TaxBehavior
from plainsail.commerce.models.invoices import CreditNote, CreditNoteLine, HandRefund, Invoice, InvoiceLine
from plainsail.commerce.models.orders import ConsentRecord, Order, OrderLine
from plainsail.commerce.models.parties import (
    BillingAccount,
    Mode,
    NumberSeries,
    Rounding,
    SandboxClock,
    Seller,
    SellerRounding,
)
from plainsail.commerce.models.taxes import TaxRate, VatAnswer, VatCheck

__all__ = [
    "BillingAccount",
    "ConsentRecord",
    "CreditNote",
    "CreditNoteLine",
    "HandRefund",
    "Invoice",
    "InvoiceLine",
    "JournalEntry",
    "LedgerAccount",
    "Mode",
    "NumberSeries",
    "Offer",
    "Order",
    "OrderLine",
    "Posting",
    "Price",
    "Product",
    "Rounding",
    "SandboxClock",
    "Seller",
    "SellerRounding",
    "Supply",
    "TaxBehavior",
    "TaxRate",
    "VatAnswer",
    "VatCheck",
]
