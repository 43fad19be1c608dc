"""Templates that begin with an address: a free guide, a waitlist, a launch without a webinar."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from plainsail.funnels.starters.plan import Business, Plan, asks, call, hero, points, questions, quote, words

Package = dict[str, Any]


def lead_magnet(business: Business) -> Package:
    """A guide for an address, three mails, one thing to buy."""
    plan = Plan(business, name=_("Free guide"), people=_("Free guide readers"), theme="harbour")
    course = plan.sells(_("The calm week course"), 4900, _("Six short lessons and a workbook."))
    plan.page(
        "form",
        _("Free guide"),
        "free-guide",
        lambda ways: [
            hero(
                _("Get your evenings back in five small steps"),
                _(
                    "A seven-page guide for people who run a business on their own and finish too late. One step "
                    "a day, ten minutes each."
                ),
                _("Send me the guide"),
                "#form",
                eyebrow=_("Free guide, seven pages"),
                picture="cup",
            ),
            points(
                _("What is inside"),
                (
                    _("A list that ends"),
                    _("How to choose three things for tomorrow, and let the rest wait without guilt."),
                ),
                (_("Two looks at your inbox"), _("When to open it, when to close it, and four answers to paste.")),
                (_("A closing ritual"), _("Six minutes after which work stays at work.")),
            ),
            asks(
                ways.form,
                _("Where shall we send it?"),
                _("The guide comes at once, then one short letter a week. Leave whenever you like."),
                _("Send me the guide"),
            ),
        ],
        says=_("A free guide for people who finish too late: five steps, ten minutes each."),
    )
    plan.page(
        "page",
        _("Look in your inbox"),
        "guide-on-its-way",
        lambda ways: [
            hero(
                _("One press, then it is yours"),
                _(
                    "We have just sent you a mail with one button. Press it, and the guide follows within a "
                    "minute. While you wait: this is what most readers do next."
                ),
                _("Show me the course"),
                ways.on,
                eyebrow=_("Nearly done"),
                picture="letter",
            ),
            points(
                _("The calm week course"),
                (_("Six lessons of ten minutes"), _("Each one goes deeper into one step of the guide.")),
                (_("A workbook to print"), _("So that it ends up on your desk and not in a folder.")),
                (_("Questions answered by mail"), _("By the person who wrote it.")),
            ),
            quote(
                _("I stopped working after dinner in the second week. It stayed that way."),
                _("Maren T."),
                _("Runs a small bookshop"),
            ),
            call(_("You can start today."), _("Take me to the checkout"), ways.on),
        ],
    )
    plan.mail(
        _("Here is your guide"),
        _("Seven pages, five steps, ten minutes a day"),
        _("thank you for your confirmation. Here is the guide: put the link to your file behind the button below."),
        _("Start with step one tonight. It takes ten minutes and a pen."),
        button=_("Read the guide"),
        link="/",
    )
    plan.wait(2)
    plan.mail(
        _("Did you get to step two?"),
        _("Most people stop here, and there is a trick"),
        _(
            "step two is the one that people put off: closing the inbox. The trick is to tell one person that you "
            "do it."
        ),
        _("If you would like company on the way, the course takes you through it in six short lessons."),
        button=_("Have a look at the course"),
    )
    plan.wait(3)
    plan.mail(
        _("What changed for Maren"),
        _("A bookshop, two children and free evenings"),
        _(
            "Maren runs a bookshop and used to do her accounts after ten. She did the five steps in two weeks, "
            "and wrote to us that she now reads at night."
        ),
        _("The course is what she used. If it is not for you, that is fine: the letters go on, once a week."),
        button=_("See the course"),
    )
    plan.checkout(_("Course checkout"), course)
    plan.page(
        "thanks",
        _("Thank you"),
        "course-thanks",
        lambda ways: words(
            _("You are in"),
            _(
                "Your receipt and your way in are in your inbox. The first lesson takes ten minutes: do it today, "
                "before the day is full."
            ),
        ),
    )
    return plan.package


def waitlist(business: Business) -> Package:
    """Interest first: a list, news while it is made, then the doors open."""
    plan = Plan(business, name=_("Waitlist"), people=_("Waitlist"), theme="fig")
    first = plan.sells(_("First edition"), 8900, _("Made in one batch, sent when it is ready."))
    plan.page(
        "form",
        _("Waitlist"),
        "waitlist",
        lambda ways: [
            hero(
                _("We are making something. Would you like to know when?"),
                _("The first edition is small, and those on this list get it three days before anybody else."),
                _("Put me on the list"),
                "#form",
                eyebrow=_("Coming this season"),
                picture="notebook",
            ),
            points(
                _("What you get by waiting here"),
                (_("Three days ahead"), _("The list is asked first. What is left then goes to everybody.")),
                (_("A look behind the door"), _("Two letters while it is being made, with what goes wrong.")),
                (_("The first price"), _("Those who waited pay less. That is fair.")),
            ),
            asks(ways.form, _("Tell me first"), _("Three or four letters, and then we stop."), _("Put me on the list")),
            questions(
                (_("Do I have to buy?"), _("No. You will be asked once, and a no is an answer.")),
                (_("When is it ready?"), _("We say so in the letters, and we don’t take money before we know.")),
            ),
        ],
    )
    plan.page(
        "page",
        _("You are on the list"),
        "on-the-list",
        lambda ways: [
            hero(
                _("You are nearly on it"),
                _(
                    "Press the button in the mail that we have just sent you. We write as soon as there is "
                    "something to see."
                ),
                _("Are the doors open? Have a look"),
                ways.on,
                picture="letter",
            ),
        ],
    )
    plan.mail(
        _("You are on the list"),
        _("What happens now"),
        _(
            "thank you for waiting with us. In the next two weeks you get two short letters from the workshop, "
            "and then a mail with a door in it."
        ),
        _("One question, and I read every answer: what would make this useful to you? Just reply."),
    )
    plan.wait(6)
    plan.mail(
        _("What went wrong this week"),
        _("A look behind the door"),
        _(
            "the first sample came back with the wrong paper. It looked fine and felt like a bus ticket. We sent "
            "it back."
        ),
        _("The second one is on my desk now, and I keep touching it. Three days until you hear from us again."),
    )
    plan.wait(3)
    plan.mail(
        _("The doors are open, for you first"),
        _("Three days before anybody else"),
        _("it is ready. You have three days before we tell everybody, and the price for those who waited."),
        _("If you don’t want one: that is fine, and thank you for waiting with us all the same."),
        button=_("Open the door"),
    )
    plan.checkout(_("First edition checkout"), first)
    plan.page(
        "thanks",
        _("Thank you"),
        "first-edition-thanks",
        lambda ways: words(
            _("It is yours"),
            _("You get a mail when it leaves here. Thank you for trusting something before it was there."),
        ),
    )
    return plan.package


def launch(business: Business) -> Package:
    """A launch in letters: no webinar, no live call. Sign up, three lessons by mail, an offer for some days."""
    plan = Plan(business, name=_("Launch in letters"), people=_("Three free lessons"), theme="juniper")
    programme = plan.sells(_("The eight-week programme"), 29700, _("Eight weeks, one small group, one teacher."))
    plan.page(
        "form",
        _("Three free lessons"),
        "three-lessons",
        lambda ways: [
            hero(
                _("Learn in three letters what others say in two hours"),
                _(
                    "Three lessons by mail, one every two days. You read them when you like: no date, no live "
                    "call, no replay that is gone tomorrow."
                ),
                _("Send me lesson one"),
                "#form",
                eyebrow=_("Free, by mail"),
                picture="letter",
            ),
            points(
                _("The three lessons"),
                (_("What holds you up"), _("The mistake that nearly everybody makes in the first month.")),
                (_("What works instead"), _("One example from beginning to end, with the numbers.")),
                (_("Your first week"), _("A plan for seven days that fits beside a job.")),
            ),
            asks(
                ways.form,
                _("Where should the lessons go?"),
                _("Three letters in six days, then one about the programme."),
                _("Send me lesson one"),
            ),
        ],
    )
    plan.page(
        "page",
        _("Lesson one is on its way"),
        "lesson-one",
        lambda ways: [
            hero(
                _("Confirm, and lesson one is there"),
                _(
                    "There is a mail with one button in your inbox. The programme that these lessons come from is "
                    "open now, if you’d rather start at once."
                ),
                _("See the programme"),
                ways.on,
                picture="hills",
            ),
        ],
    )
    plan.mail(
        _("Lesson one: what holds you up"),
        _("Four minutes to read"),
        _("most people begin with the tools. They buy, set up, compare, and after a month nothing was made."),
        _(
            "Begin with one person whom you could help this week. Write down their name. That is lesson one, and "
            "it is not a joke."
        ),
    )
    plan.wait(2)
    plan.mail(
        _("Lesson two: one example with all numbers"),
        _("What it cost, what it brought"),
        _(
            "Jonas repairs bicycles. He wrote to eleven people whom he knew, offered a check before winter for a "
            "fixed price, and got seven of them."
        ),
        _("No website, no logo. He has both now, paid from those seven. What is your check before winter?"),
    )
    plan.wait(2)
    plan.mail(
        _("Lesson three: your first week"),
        _("Seven days that fit beside a job"),
        _(
            "Monday: the name. Tuesday: their problem in their words. Wednesday: your offer in one sentence. "
            "Thursday to Saturday: ask three people. Sunday: rest, and count."
        ),
        _("If you want to do this with others and a teacher beside you, the programme opens today."),
        button=_("See the programme"),
    )
    plan.wait(2)
    plan.mail(
        _("The programme closes on Sunday"),
        _("A straight question"),
        _(
            "this is the last letter about it. Eight weeks, twelve people, one teacher. If now is not the time, "
            "the lessons are yours to keep."
        ),
        button=_("Take my place"),
    )
    plan.page(
        "page",
        _("The programme"),
        "programme",
        lambda ways: [
            hero(
                _("Eight weeks from an idea to paying customers"),
                _("A small group, a plan for each week, and somebody who reads what you write."),
                _("Take my place"),
                ways.on,
                eyebrow=_("Twelve places"),
                note=_("Full refund in the first two weeks."),
                picture="hills",
            ),
            points(
                _("How it goes"),
                (_("One task a week"), _("Small enough to do, large enough to matter.")),
                (_("Answers within a day"), _("Written, so that you can read them twice.")),
                (_("A group of twelve"), _("People who are where you are.")),
            ),
            quote(
                _("I had the idea for six years. After five weeks I had four customers."),
                _("Jonas P."),
                _("Repairs bicycles"),
            ),
            call(_("You will know after two weeks whether it is for you."), _("Take my place"), ways.on),
        ],
    )
    plan.checkout(_("Programme checkout"), programme)
    plan.page(
        "thanks",
        _("Welcome"),
        "programme-welcome",
        lambda ways: words(
            _("Welcome to the programme"),
            _("Your receipt is in your inbox. On Monday you get the first task. Until then: write down one name."),
        ),
    )
    return plan.package
