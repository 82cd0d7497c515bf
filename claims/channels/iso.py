"""Bank transfers as ISO 20022: a pain.001.001.09, held against its schema before it is let go.

The message is made of the schema's own types (pyiso20022), with one transfer in it that stands for
all. That one is written again and again with each payment in it: to make fifty thousand of those
types and write them out takes half a minute, and this takes half a second.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from lxml import etree

from claims.channels.sheet import Line, Sheet, reference
from cp2.rules import Refused

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
SCHEMA = Path(__file__).parent.parent / "schemas" / "pain.001.001.09.xsd"
CURRENCY = "KES"
MOST_OF_A_NAME = 70  # the schema has room for 140, and many banks for no more than this
# Letters that are no letter and a mark over it, and signs that are written otherwise.
OTHERWISE = str.maketrans(
    {"ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae", "Æ": "AE"}
    | {"œ": "oe", "Œ": "OE", "ŋ": "ng", "Ŋ": "NG", "’": "'", "‘": "'", "ʼ": "'", "`": "'"}
    | {"–": "-", "—": "-", "&": "+", "_": "-"}
)
UNTAKEN = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]+")


def write(file: IO[bytes], sheet: Sheet) -> None:
    """Refused if it would not be valid, or if we do not know whom it is paid by."""
    if not (settings.PAYER_NAME and settings.PAYER_ACCOUNT and settings.PAYER_BANK):
        raise Refused(
            _("Set PAYER_NAME, PAYER_ACCOUNT and PAYER_BANK first: the banks must know who pays.")
        )
    document = _shell(sheet)
    _write(file, document, sheet)
    file.seek(0)
    _refuse_invalid(file)


def _write(file: IO[bytes], document: Any, sheet: Sheet) -> None:
    initiation = document[0]
    header, instruction = initiation
    *about, transfer = instruction
    place = _Places.of(transfer)
    with etree.xmlfile(file, encoding="utf-8") as out:
        out.write_declaration()
        with (
            out.element(document.tag, nsmap={None: NAMESPACE}),
            out.element(initiation.tag),
        ):
            out.write(header)
            with out.element(instruction.tag):
                for element in about:
                    out.write(element)
                for line in sheet.lines():
                    place.fill(line)
                    out.write(transfer)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where in a transfer that which differs from one to the next is."""

    reference: Any
    amount: Any
    bank: Any
    name: Any
    account: Any

    @classmethod
    def of(cls, transfer: Any) -> "_Places":
        def at(path: str) -> Any:
            return transfer.find("/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/")))

        return cls(
            reference=at("PmtId/EndToEndId"),
            amount=at("Amt/InstdAmt"),
            bank=at("CdtrAgt/FinInstnId/ClrSysMmbId/MmbId"),
            name=at("Cdtr/Nm"),
            account=at("CdtrAcct/Id/Othr/Id"),
        )

    def fill(self, line: Line) -> None:
        self.reference.text = reference(line.payment)
        self.amount.text = f"{line.amount:.2f}"
        self.bank.text = f"{line.bank}{line.branch}"
        self.name.text = plain(line.name) or reference(line.payment)
        self.account.text = line.account


def plain(name: str, most: int = MOST_OF_A_NAME) -> str:
    """In the letters that banks take: marks are left out, and letters that have no Latin form.
    Nothing, if nothing is left by which anybody would know a person."""
    apart = unicodedata.normalize("NFKD", name.translate(OTHERWISE))
    bare = "".join(char for char in apart if not unicodedata.combining(char))
    words = UNTAKEN.sub(" ", bare).split()
    text = " ".join(words)[:most].strip(" /-")  # no field may begin or end with a stroke
    return text if re.search("[A-Za-z0-9]", text) else ""


def _shell(sheet: Sheet) -> Any:
    """The message with one transfer, which is nobody's yet."""
    from pyiso20022.pain import pain_001_001_09 as pain  # slow to load, and rarely needed
    from xsdata.formats.dataclass.serializers import XmlSerializer
    from xsdata.models.datatype import XmlDate, XmlDateTime

    def account(number: str) -> Any:
        other = pain.GenericAccountIdentification1(id=number)
        return pain.CashAccount38(id=pain.AccountIdentification4Choice(othr=other), ccy=CURRENCY)

    def bank(code: str) -> Any:
        member = pain.ClearingSystemMemberIdentification2(mmb_id=code)
        institution = pain.FinancialInstitutionIdentification18(clr_sys_mmb_id=member)
        return pain.BranchAndFinancialInstitutionIdentification6(fin_instn_id=institution)

    def party(name: str) -> Any:
        return pain.PartyIdentification135(nm=name)

    at = timezone.localtime(sheet.at)
    message = f"CP2-B{sheet.batch}"
    payer = party(plain(settings.PAYER_NAME))
    counted = {"nb_of_txs": str(sheet.count), "ctrl_sum": sheet.total.quantize(Decimal("0.01"))}
    amount = pain.ActiveOrHistoricCurrencyAndAmount(value=Decimal(1), ccy=CURRENCY)
    remarks = plain(sheet.remarks, 140)
    transfer = pain.CreditTransferTransaction34(
        pmt_id=pain.PaymentIdentification6(end_to_end_id="-"),
        amt=pain.AmountType4Choice(instd_amt=amount),
        cdtr_agt=bank("-"),
        cdtr=party("-"),
        cdtr_acct=account("-"),
        rmt_inf=pain.RemittanceInformation16(ustrd=[remarks]) if remarks else None,
    )
    instruction = pain.PaymentInstruction30(
        pmt_inf_id=f"{message}-1",
        pmt_mtd=pain.PaymentMethod3Code.TRF,
        reqd_exctn_dt=pain.DateAndDateTime2Choice(dt=XmlDate.from_date(at.date())),
        dbtr=payer,
        dbtr_acct=account(settings.PAYER_ACCOUNT),
        dbtr_agt=bank(settings.PAYER_BANK),
        chrg_br=pain.ChargeBearerType1Code.SLEV,
        cdt_trf_tx_inf=[transfer],
        **counted,
    )
    header = pain.GroupHeader85(
        msg_id=message,
        cre_dt_tm=XmlDateTime.from_datetime(at.replace(microsecond=0)),
        initg_pty=payer,
        **counted,
    )
    initiation = pain.CustomerCreditTransferInitiationV09(grp_hdr=header, pmt_inf=[instruction])
    document = pain.Document(cstmr_cdt_trf_initn=initiation)
    text = XmlSerializer().render(document, ns_map={None: NAMESPACE})
    return etree.fromstring(text.encode())


@cache
def schema() -> Any:
    return etree.XMLSchema(etree.parse(SCHEMA))


def _refuse_invalid(file: IO[bytes]) -> None:
    """Read again as the bank will, part by part."""
    try:
        for _event, element in etree.iterparse(
            file, schema=schema(), tag=f"{{{NAMESPACE}}}CdtTrfTxInf", resolve_entities=False
        ):
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise Refused(
            _("The file would not be valid, so it was not made: %(why)s") % {"why": error}
        ) from error
