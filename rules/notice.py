"""The State Council's yearly notice of holidays, read. Its text enters, the days that it decides leave.

Nothing is guessed: a sentence that is not understood or cut off, a weekday that does not fit its date, a number of
days that does not fit its span, a day decided twice, or a holiday that is not named is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from rules.errors import RulesError

_HOLIDAYS = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
_NUMERALS = "一二三四五六七八九"
_WEEKDAYS = "一二三四五六日"
_SUNDAY = str.maketrans("天", "日")
_HALF_WIDTH = str.maketrans("\uff08\uff09\uff1a\uff0c", "():,")
_TITLE = re.compile(r"(?:关于|现将)([12][0-9]{3})年(?:部分节假日|元旦)")
_ITEM = re.compile(rf"([{_NUMERALS}])、((?:{'|'.join(_HOLIDAYS)})(?:、(?:{'|'.join(_HOLIDAYS)}))*):")
_CLOSING = re.compile("节假日期间|国务院办公厅")
_ADVICE = re.compile("鼓励[^0-9]*")
_DECIDING = re.compile("[0-9]+日[^。]*(?:放假|补休|上班)")
_DAY = r"(?:([12][0-9]{3})年)?(?:([0-9]{1,2})月)?([0-9]{1,2})日(?:\(([^)]*)\))?"
_OFF = re.compile(rf"{_DAY}(?:至{_DAY})?(?:放假|补休)(?:调休)?(?:([0-9]+)天)?(?:,(?:共([0-9]+)天|不调休|与周末连休))*")
_ON = re.compile(rf"{_DAY}(?:[、和]{_DAY})*上班")
_ONE_DAY = re.compile(_DAY)


class NoticeError(RulesError, ValueError):
    """A notice that is not understood; the message quotes the words."""


class DecidedDay(NamedTuple):
    """One day of the notice: off with the holiday's name, or a working day made up for it."""

    on: date
    working: bool
    name: str


def read_notice(text: str, year: int | None = None) -> tuple[DecidedDay, ...]:
    """Return the days that the notice decides, in order; `year` is taken from its heading unless it is given.

    Source: 国务院办公厅关于…年部分节假日安排的通知. Raises NoticeError.
    """
    plain = "".join(text.split()).translate(_HALF_WIDTH)
    year = _year_of(plain, year)
    days: dict[date, DecidedDay] = {}
    for name, body in _items(plain):
        for sentence in _sentences(name, body):
            for day in _days_of(sentence, name, year):
                known = days.setdefault(day.on, day)
                if known.working != day.working:
                    raise NoticeError(f"{day.on} is both a holiday and a working day")
                if known is not day:
                    raise NoticeError(f"{day.on} is decided twice: {known.name}, {day.name}")
    return tuple(days[on] for on in sorted(days))


def _year_of(plain: str, given: int | None) -> int:
    """Return the year that the heading names; the one given where there is no heading."""
    titled = {int(year) for year in _TITLE.findall(plain)}
    if not titled and given is None:
        raise NoticeError("no heading such as 关于2027年部分节假日安排的通知: give the year, or paste the heading too")
    years = sorted(titled | ({given} if given is not None else set()))
    if len(years) > 1:
        raise NoticeError(f"the heading is of {min(titled)}, and {years} are named: which year is it?")
    return years[0]


def _items(plain: str) -> Iterator[tuple[str, str]]:
    """Yield each numbered item as the holiday's name and its sentences; raise where one is missing."""
    found = list(_ITEM.finditer(plain))
    numerals = "".join(item[1] for item in found)
    if not found or numerals != _NUMERALS[: len(found)]:
        raise NoticeError(f"the items are numbered {numerals or 'nowhere'}, not 一 to the last: paste the notice whole")
    named = {name for item in found for name in item[2].split("、")}
    missing = [name for name in _HOLIDAYS if name not in named]
    if missing:
        raise NoticeError(f"the notice says nothing of {'、'.join(missing)}: paste it whole")
    closing = _closing_after(plain, found[-1].end())
    ends = [item.start() for item in found[1:]] + [closing]
    for item, end in zip(found, ends, strict=True):
        yield item[2], plain[item.end() : end]


def _closing_after(plain: str, last_item: int) -> int:
    """Return where the notice's closing begins, which decides no day; raise where there is none."""
    closing = _CLOSING.search(plain, last_item)
    if closing is None:
        raise NoticeError("the notice ends without 节假日期间… and 国务院办公厅: is it cut off? paste it whole")
    if deciding := _DECIDING.search(plain, closing.start()):
        raise NoticeError(f"{deciding[0]!r} stands after the notice's end: paste the notice alone")
    return closing.start()


def _sentences(name: str, body: str) -> Iterator[str]:
    """Yield an item's sentences, less advice that names no day."""
    *sentences, rest = body.split("。")
    if rest:
        raise NoticeError(f"{name}: {rest!r} does not end with 。: is it cut off? paste the notice whole")
    yield from (said for said in sentences if not _ADVICE.fullmatch(said))


def _days_of(sentence: str, name: str, year: int) -> Iterator[DecidedDay]:
    off, on = _OFF.fullmatch(sentence), _ON.fullmatch(sentence)
    if off is None and on is None:
        raise NoticeError(f"{name}: {sentence!r} is neither days off nor days at work")
    if off is not None:
        yield from _days_off(off, name, year)
    else:
        month = None
        for said in _ONE_DAY.finditer(sentence):
            day = _day(said.groups(), year, month)
            month = day.month
            yield DecidedDay(day, working=True, name=f"{name}调休上班")


def _days_off(off: re.Match[str], name: str, year: int) -> Iterator[DecidedDay]:
    groups = off.groups()
    first_on = _day(groups[:4], year, None)
    last_on = first_on if groups[6] is None else _day(groups[4:8], year, first_on.month)
    length = (last_on - first_on).days + 1
    for stated in groups[8:]:
        if stated is not None and int(stated) != length:
            raise NoticeError(f"{name}: {off[0]!r} says {stated} days, but from {first_on} to {last_on} it is {length}")
    if length < 1:
        raise NoticeError(f"{name}: {off[0]!r} ends before it begins")
    for offset in range(length):
        yield DecidedDay(first_on + timedelta(days=offset), working=False, name=name)


def _day(said: tuple[str | None, ...], year: int, month: int | None) -> date:
    """Return a day from its year, month, day of the month and remark; what is not said is as before."""
    words = f"{said[0] or year}年{said[1] or month}月{said[2]}日"
    if said[1] is None and month is None:
        raise NoticeError(f"{said[2]}日 has no month")
    try:
        on = date(int(said[0] or year), int(said[1] or month or 0), int(said[2] or 0))
    except ValueError as error:
        raise NoticeError(f"{words} is no day: {error}") from error
    weekday = re.search(rf"(?:周|星期|礼拜)([{_WEEKDAYS}])", (said[3] or "").translate(_SUNDAY))
    if weekday and _WEEKDAYS.index(weekday[1]) != on.weekday():
        raise NoticeError(f"{words} is a 周{_WEEKDAYS[on.weekday()]}, not a 周{weekday[1]}: is it the right year?")
    return on
