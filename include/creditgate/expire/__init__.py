"""expire: what is past its last day leaves marts, intake and reports; a tombstone proves it (S26-S32)."""

from creditgate.expire.expiry import ExpiryResult, TermsNotReadyError, expire
from creditgate.expire.forecast import Expected, forecast
from creditgate.expire.notices import NoticeCounts, exchange_notices
from creditgate.expire.reports import BatchReports, purge_reports

__all__ = [
    "BatchReports",
    "Expected",
    "ExpiryResult",
    "NoticeCounts",
    "TermsNotReadyError",
    "exchange_notices",
    "expire",
    "forecast",
    "purge_reports",
]
