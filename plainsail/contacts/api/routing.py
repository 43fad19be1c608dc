"""The heading of the reference under which all endpoints about contacts stand."""

from plainsail.kernel import rest

router = rest.router("Contacts")
