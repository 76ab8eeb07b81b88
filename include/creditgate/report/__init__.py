"""report: a settled batch to the provider's workbook, page and JSON; shows a provider its own rows alone."""

from creditgate.report.files import ReportFiles, write_reports
from creditgate.report.page import render_page, write_page
from creditgate.report.result import check_object, write_check_json
from creditgate.report.template import write_template
from creditgate.report.workbook import write_workbook, write_workbooks

__all__ = [
    "ReportFiles",
    "check_object",
    "render_page",
    "write_check_json",
    "write_page",
    "write_reports",
    "write_template",
    "write_workbook",
    "write_workbooks",
]
