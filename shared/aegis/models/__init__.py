"""Models of the custom resources: the one source of their CRDs and of what the functions read and write.

One module per resource; import the module you need, because a function waits for every model it imports.
"""
