"""Kernels don't warn that others on this machine may listen: papermill, which starts them, can't let them encrypt."""

import logging

logging.getLogger("IPKernelApp").addFilter(lambda record: "eavesdropping" not in str(record.msg))
