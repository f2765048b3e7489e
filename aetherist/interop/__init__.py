"""Other people's checkpoints, brought in safely.

`aetherist.interop.pickles` reads training-snapshot pickles without executing anything in them, and
`aetherist.interop.eg3d` turns EG3D-format checkpoints into model folders.
"""
