"""History an auditor can hold in the hand: sealed in Merkle trees, exported as files, verified without this program.

A workspace has a tree, keys and checkpoints of its own. An export goes to the auditors of one workspace, so it must
hold no other's events; in a tree of the whole database their number would show between the lines, and no auditor could
check that nothing is missing. So a workspace can also move to another database with its tree.
"""
