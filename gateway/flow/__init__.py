"""Making decisions durable: the only owners of transactions; no network inside one."""
