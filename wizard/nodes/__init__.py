"""Primary, gateway, client, account: answers and facts to a plan or a pack."""
