"""The learner's side of the grader: a confined process that runs their code and hands back arrays.

`job` is the plain data that goes in and comes out; `client.Worker` is the parent's handle; `apply` runs one
implementation on one call, here or in the worker. None of it imports an exercise, a reference or a verdict.
"""
