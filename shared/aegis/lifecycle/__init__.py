"""What becomes of an alert, step by step: pure functions from the alert to a patch of its status.

A patch is an ``AlertState`` in which only that is set which changes. Where a step may have been taken already there is
none then, and nothing is written.
Who takes which step: the intake receives, the matcher matches, cancels and begins other attempts, the renderer refuses
and unmatches, the tracker follows the work. One module for each of these.
"""
