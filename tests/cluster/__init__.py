"""A real Kubernetes of two nodes on one Linux machine, with Knative and Argo, without Docker."""
