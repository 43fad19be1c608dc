"""Random lives of contracts: what people, banks and clocks may do (`rules`), and what must hold after each of it (`invariants`)."""
