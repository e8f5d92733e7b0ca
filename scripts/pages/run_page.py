"""The page of runs: what `gan-lab report` writes."""


def checks(gan_lab, world, root):
    return ()
