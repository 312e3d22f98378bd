"""The language everything else speaks: expressions, costs, derivations, documents, errors."""
