"""One computer's worth of everything the product needs: `make run` and `make test` stand on these modules."""
