"""Nobody is named before two frames agree, and every frame without a name has a reason."""

from __future__ import annotations

from camera.detect import Detector
from camera.frames import Frame
from camera.gallery import Gallery
from camera.reasons import Reason
from camera.recognizer import Agreement, Recognizer, Sighting
from camera.templates import mean_template
from tests.camera.conftest import Seen
from tests.camera.fakes import FakeEncoder, FakeFinder, line_template, picture
from tests.samples import Sample

WANG, LI, NOBODY = 0.0, 1.0, 2.55


def recognizer(agreement: Agreement | None = None) -> Recognizer:
    encoder = FakeEncoder()
    people = Gallery({"wang": line_template(WANG), "li": line_template(LI)}, encoder.operating_point)
    return Recognizer(FakeFinder(), encoder, people, agreement=agreement)


def seen_in(watching: Recognizer, *places_at: tuple[float, float]) -> list[Sighting]:
    return [watching.see(Frame(picture(place), at_s)) for place, at_s in places_at]


def names(sightings: list[Sighting]) -> list[str | None]:
    return [sighting.person for sighting in sightings]


def test_the_second_frame_that_agrees_names_the_person() -> None:
    first, second = seen_in(recognizer(), (WANG, 0), (WANG, 0.2))
    assert (first.person, first.reason, first.best) == (None, Reason.CONFIRMING, "wang")
    assert (second.person, second.reason) == ("wang", None)
    assert second.score == 1.0


def test_a_person_stays_named_while_standing_there() -> None:
    assert names(seen_in(recognizer(), (WANG, 0), (WANG, 0.2), (WANG, 0.4))) == [None, "wang", "wang"]


def test_two_people_in_turn_never_agree() -> None:
    assert names(seen_in(recognizer(), (WANG, 0), (LI, 0.2), (WANG, 0.4), (LI, 0.6))) == [None] * 4


def test_a_frame_without_a_face_between_two_breaks_the_agreement() -> None:
    sightings = seen_in(recognizer(), (WANG, 0), (NOBODY, 0.2), (WANG, 0.4))
    assert [s.reason for s in sightings] == [Reason.CONFIRMING, Reason.NO_FACE, Reason.CONFIRMING]


def test_two_frames_too_far_apart_in_time_do_not_agree() -> None:
    assert names(seen_in(recognizer(), (WANG, 0), (WANG, 2.1))) == [None, None]
    assert names(seen_in(recognizer(), (WANG, 0), (WANG, 2.0))) == [None, "wang"]


def test_how_many_frames_must_agree_can_be_set() -> None:
    assert names(seen_in(recognizer(Agreement(frames_needed=1)), (WANG, 0))) == ["wang"]
    three = recognizer(Agreement(frames_needed=3))
    assert names(seen_in(three, (WANG, 0), (WANG, 0.1), (WANG, 0.2))) == [None, None, "wang"]


def test_a_stranger_is_refused_with_the_nearest_person_and_something_to_do() -> None:
    (sighting,) = seen_in(recognizer(), (0.25, 0))
    assert (sighting.person, sighting.reason, sighting.best) == (None, Reason.UNKNOWN, "wang")
    assert sighting.message == "没有认出您，请再试一次或用工号密码"
    assert sighting.box is not None


def test_no_face_means_no_box_and_no_score() -> None:
    (sighting,) = seen_in(recognizer(), (NOBODY, 0))
    assert (sighting.reason, sighting.box, sighting.score, sighting.best) == (Reason.NO_FACE, None, None, None)


def test_a_new_gallery_counts_from_the_next_frame_and_agreement_begins_anew() -> None:
    watching = recognizer()
    seen_in(watching, (WANG, 0))
    watching.use(Gallery({"wang": line_template(WANG)}, FakeEncoder.operating_point))
    assert names(seen_in(watching, (WANG, 0.2), (WANG, 0.4))) == [None, "wang"]


def test_an_empty_gallery_is_said_before_anything_is_encoded() -> None:
    watching = Recognizer(FakeFinder(), FakeEncoder(), Gallery({}, FakeEncoder.operating_point))
    (sighting,) = seen_in(watching, (WANG, 0))
    assert sighting.reason is Reason.NO_GALLERY


def test_a_real_person_is_recognised_on_another_photograph_and_strangers_are_not(seen: Seen) -> None:
    shots = [seen.vector(Sample.OBAMA), seen.vector(Sample.OBAMA_2)]
    people = {
        "P0001": mean_template(shots, seen.encoder.version),
        "P0002": mean_template([seen.vector(Sample.BIDEN)], seen.encoder.version),
    }
    watching = Recognizer(Detector(), seen.encoder, Gallery(people, seen.encoder.operating_point))
    first, second = (watching.see(Frame(seen.pixels(Sample.OBAMA_3), at_s)) for at_s in (0, 0.2))
    assert (first.reason, second.person) == (Reason.CONFIRMING, "P0001")
    stranger = watching.see(Frame(seen.pixels(Sample.ASTRONAUT), 0.4))
    assert (stranger.person, stranger.reason) == (None, Reason.UNKNOWN)
    cup = watching.see(Frame(seen.pixels(Sample.COFFEE), 0.6))
    assert cup.reason is Reason.NO_FACE


def test_half_a_face_is_enough_where_both_eyes_are_seen(seen: Seen) -> None:
    people = {"P0001": mean_template([seen.vector(Sample.OBAMA_2), seen.vector(Sample.OBAMA_3)], seen.encoder.version)}
    gallery = Gallery(people, seen.encoder.operating_point)
    for half in (Sample.OBAMA_LEFT_HALF, Sample.OBAMA_RIGHT_HALF):
        assert gallery.match(seen.vector(half)).person == "P0001"
