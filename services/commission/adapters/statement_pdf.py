"""A statement to print: what was earned, why, and what was paid out, order by order, in Chinese and English.

The fonts are those that every reader of PDF brings for Chinese, so none are embedded.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.commission.domain.cycle import BUSINESS_ZONE
from services.commission.domain.payee import Cycle, PayeeKind
from services.commission.domain.statement import PAID, Document, OrderSummary, StatementLine

FONT = "STSong-Light"
KINDS = {
    "sale": "货款 Goods",
    "platform_discount": "平台补贴 Platform's discount",
    "take_rate": "平台佣金 Take rate",
    "distribution_commission": "推广佣金 Promoter's commission",
    "recruiter_commission": "邀请分成 Recruiter's commission",
    "distribution_margin": "平台货源 Margin on platform's goods",
    "commission_release": "推广收入 Commission released",
    "courier_pay": "配送费 Courier pay",
    "courier_guarantee": "保底补足 Guaranteed minimum",
    "subscription": "工具订阅 Subscription",
    "advertising": "广告 Advertising",
    "tip": "小费 Tip",
    "payout": "付款 Paid out",
    "payout_fee": "付款手续费 Payout fee",
    "cash_collected": "代收现金 Cash collected",
    "cash_handed_back": "退还现金 Cash handed back",
    "cash_netting": "现金抵扣 Cash set off",
}
_COLUMNS, _SIZE, _ROW = (52.0, 118.0, 255.0, 80.0), 8.5, 15
_PADDING: tuple[Any, ...] = (
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
)
_PAYEES = {
    PayeeKind.SHOP: "店铺 Shop",
    PayeeKind.COURIER: "骑手 Courier",
    PayeeKind.PROMOTER: "推广店铺 Promoter",
}
_CYCLES = {Cycle.DAILY: "日结 daily", Cycle.WEEKLY: "周结 weekly"}


def statement_pdf(
    document: Document, title: str | None = None, names: Mapping[str, str] | None = None
) -> bytes:
    """The statement on A4. ``title`` is what people call the payee, ``names`` what they call shops, by id."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import SimpleDocTemplate

    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    head = document.statement
    written = io.BytesIO()
    template = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=16 * mm,
        rightMargin=16 * mm,
        topMargin=14 * mm,
        bottomMargin=16 * mm,
        title=f"Statement {head.number} {title or head.payee.payee_id}",
        author="Linli",
        # The same statement is the same file.
        invariant=1,
    )
    foot = f"{head.statement_id}"

    def footer(canvas: Any, _template: Any) -> None:
        canvas.setFont(FONT, 7)
        canvas.drawString(16 * mm, 9 * mm, f"结算单号 Statement {foot}")
        canvas.drawRightString(A4[0] - 16 * mm, 9 * mm, f"第 {canvas.getPageNumber()} 页")

    pages = _Pages(document, names or {})
    template.build(list(pages.flowables(title)), onFirstPage=footer, onLaterPages=footer)
    return written.getvalue()


class _Pages:
    def __init__(self, document: Document, names: Mapping[str, str]) -> None:
        from reportlab.lib import colors
        from reportlab.lib.styles import ParagraphStyle

        self._document = document
        self._names = names
        self._looks: dict[int, Any] = {}
        self._rule, self._shade = colors.HexColor("#9aa5b1"), colors.HexColor("#eef2f6")
        self._text = ParagraphStyle("text", fontName=FONT, fontSize=8.5, leading=11.5, wordWrap="CJK")
        self._title = ParagraphStyle("title", parent=self._text, fontSize=16, leading=21)
        self._heading = ParagraphStyle("heading", parent=self._text, fontSize=11, leading=15, spaceBefore=8)
        self._right = ParagraphStyle("right", parent=self._text, alignment=2)

    def flowables(self, title: str | None) -> Iterator[Any]:
        from reportlab.platypus import Spacer

        head = self._document.statement
        yield self._words("邻里结算单 Linli statement", self._title)
        yield Spacer(0, 4)
        yield self._table(
            [
                [_PAYEES[head.payee.kind], title or head.payee.payee_id],
                ["编号 Payee", head.payee.payee_id],
                ["期次 Number", f"{head.number} ({_CYCLES[head.cycle]})"],
                ["期间 Period", f"{_minute(head.since)} - {_minute(head.until)} ({BUSINESS_ZONE.key})"],
                ["出单 Issued", _minute(head.issued_at)],
            ],
            (95, 410),
            lambda _row, _column: self._text,
        )
        yield Spacer(0, 8)
        yield self._summary()
        by_order, others = _grouped(self._document.lines)
        orders = {each.store_order_id: each for each in self._document.orders}
        if by_order:
            yield self._words("按订单 By order", self._heading)
        for key, lines in by_order.items():
            yield from self._order(key, lines, orders.get(key))
        if others:
            yield self._words("其他 Other movements", self._heading)
            yield self._lines(others)
        yield Spacer(0, 8)
        yield self._words(
            "本单各行之和等于期初与期末之差。出单后不再更改;之后的退款和更正列入下一期。 "
            "The lines add up to the difference of opening and closing. This statement never changes; later"
            " refunds and corrections are in the next one.",
            self._text,
        )

    def _summary(self) -> Any:
        head = self._document.statement
        rows = [["期初余额 Opening balance", self._money(head.opening)]]
        rows += [
            [KINDS.get(kind, kind), self._money(amount)]
            for kind, amount in head.sums.items()
            if kind not in PAID
        ]
        rows.append(["本期合计 Earned in the period", self._money(head.earned)])
        rows.append(["已付款 Paid out", self._money(-head.paid_out)])
        last = (
            "期末欠款,由以后收入抵扣 Debt, filled by later earnings"
            if head.debt
            else "期末应付 Closing balance"
        )
        rows.append([last, self._money(head.closing)])
        strong = {0, len(rows) - 3, len(rows) - 1}
        return self._table(rows, (360, 145), self._columns, shaded=strong)

    def _order(self, key: str, lines: Sequence[StatementLine], order: OrderSummary | None) -> Iterator[Any]:
        from reportlab.platypus import CondPageBreak, Spacer

        first = lines[0].movement
        name = f"订单 Order {_short(first.order_id)}"
        if key != first.order_id:
            name += f" · 店铺单 {_short(key)}"
        if order is not None:
            name += f" · {_minute(order.paid_at)}"
        rows = [[name, "", "", self._money(sum(line.amount for line in lines))]]
        if order is not None:
            rows.append([_fitted(self._consisting_of(order), sum(_COLUMNS)), "", "", ""])
        # An order begins where at least some of it fits.
        yield CondPageBreak(_ROW * min(len(rows) + len(lines), 12))
        yield Spacer(0, 5)
        yield self._lines(lines, rows)

    def _consisting_of(self, order: OrderSummary) -> str:
        words = f"商品 Goods {_amount(order.goods)}"
        if order.shop_discount:
            words += f" - 店铺优惠 your discount {_amount(order.shop_discount)}"
        if order.platform_discount:
            words += f" - 平台优惠 platform's discount {_amount(order.platform_discount)}"
        words += f" = 顾客支付 customer paid {_amount(order.paid)}"
        if order.refunded:
            words += f"; 已退款 refunded {_amount(order.refunded)}"
        return words

    def _lines(self, lines: Sequence[StatementLine], above: Sequence[list[str]] = ()) -> Any:
        """Lines under their heading. Cells are plain text: of thousands, paragraphs would take long."""
        from reportlab.platypus import Table, TableStyle

        rows = [*above]
        for line in lines:
            kind = KINDS.get(line.movement.kind, line.movement.kind)
            texts = (_day(line.movement.posted_at), kind, self._why(line), self._money(line.amount))
            rows.append([_fitted(text, width) for text, width in zip(texts, _COLUMNS, strict=True)])
        if len(above) not in self._looks:
            looks: list[Any] = [
                ("FONT", (0, 0), (-1, -1), FONT, _SIZE, _SIZE + 2),
                ("ALIGN", (3, 0), (3, -1), "RIGHT"),
                *_PADDING,
                ("LINEBELOW", (0, 0), (-1, -1), 0.3, self._rule),
            ]
            if above:
                looks += [("BACKGROUND", (0, 0), (-1, 0), self._shade), ("SPAN", (0, 0), (2, 0))]
            if len(above) > 1:
                looks.append(("SPAN", (0, 1), (3, 1)))
            self._looks[len(above)] = TableStyle(looks)
        return Table(
            [[_dotted(cell) for cell in row] for row in rows],
            _COLUMNS,
            style=self._looks[len(above)],
            hAlign="LEFT",
        )

    def _why(self, line: StatementLine) -> str:
        shop_id = line.movement.promoter_shop_id
        if shop_id is not None and shop_id in self._names:
            return line.formula.replace(shop_id, self._names[shop_id])
        return line.formula

    def _columns(self, _row: int, column: int) -> Any:
        return self._right if column else self._text

    def _table(
        self,
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        style: Callable[[int, int], Any],
        shaded: Collection[int] = (),
    ) -> Any:
        from reportlab.platypus import Table, TableStyle

        cells = [
            [self._words(text, style(number, column)) for column, text in enumerate(row)]
            for number, row in enumerate(rows)
        ]
        looks: list[Any] = [
            *_PADDING,
            ("LINEBELOW", (0, 0), (-1, -1), 0.3, self._rule),
        ]
        looks += [("BACKGROUND", (0, number), (-1, number), self._shade) for number in shaded]
        return Table(cells, colWidths=list(widths), style=TableStyle(looks), hAlign="LEFT")

    def _words(self, text: str, style: Any) -> Any:
        from xml.sax.saxutils import escape

        from reportlab.platypus import Paragraph

        return Paragraph(escape(_dotted(text)), style)

    def _money(self, amount: int) -> str:
        return f"{_amount(amount)} {self._document.statement.payee.currency}"


def _grouped(
    lines: Sequence[StatementLine],
) -> tuple[dict[str, list[StatementLine]], list[StatementLine]]:
    """The lines by store order, or by order where it is about the whole, and those of no order."""
    by_order: dict[str, list[StatementLine]] = {}
    others = []
    for line in lines:
        key = line.movement.store_order_id or line.movement.order_id
        if key is None:
            others.append(line)
        else:
            by_order.setdefault(key, []).append(line)
    return by_order, others


def _amount(amount: int) -> str:
    return f"{amount / 100:,.2f}"


def _short(named: str | None) -> str:
    """The end of an id: what people compare."""
    return (named or "")[-12:]


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M}"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(BUSINESS_ZONE):%m-%d %H:%M}"


def _fitted(text: str, width: float) -> str:
    """The text in lines that fit into a column: broken between words, and anywhere in a long one."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    room = width - 8
    if stringWidth(text, FONT, _SIZE) <= room:
        return text
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if stringWidth(longer, FONT, _SIZE) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while stringWidth(line, FONT, _SIZE) > room:
            fits = next(
                n for n in range(len(line) - 1, 0, -1) if stringWidth(line[:n], FONT, _SIZE) <= room or n == 1
            )
            lines.append(line[:fits])
            line = line[fits:]
    return "\n".join([*lines, line])


def _dotted(text: str) -> str:
    """The Chinese fonts have the dot between words in its full width only."""
    return text.replace("·", "・")
