"""Configs, and what turns a composed one into a run."""

from pipelines.resolvers import register

# Here, so that they are known wherever anything of this package is: a launcher may run a job in a
# process that never saw the command's own file.
register()
