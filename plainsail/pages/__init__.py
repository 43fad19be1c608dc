"""Sites, pages, forms and publishing: what visitors of a business see."""
