"""Ready answers of the sample season: KNEC's reasons for not being paid, each with its remedy, and
what else is asked every year."""

from enquiries.models import CannedAnswer, Topic

# Title, category, the topic's name in English or nothing, in English, in Kiswahili.
ANSWERS = [
    (
        "Not paid: name differs from M-Pesa",
        "payment",
        "My M-Pesa name or number is wrong",
        "The name on your profile is not the name that your M-Pesa line is registered with, so the "
        "payment was not made. Open Profile, then Number to be paid, and enter the name and number "
        "of a line that is registered with your national ID. You need no new account. Your claim "
        "goes on by itself, 72 hours after the change.",
        "Jina lililo kwenye wasifu wako si jina ambalo laini yako ya M-Pesa imesajiliwa nalo, kwa "
        "hivyo malipo hayakufanyika. Fungua Wasifu, kisha Nambari ya kulipwa, uandike jina na "
        "nambari ya laini iliyosajiliwa kwa kitambulisho chako cha taifa. Huhitaji akaunti mpya. "
        "Dai lako litaendelea lenyewe saa 72 baada ya mabadiliko.",
    ),
    (
        "Not paid: ID or TSC number is missing",
        "payment",
        "My ID or TSC number is missing",
        "Your profile has no national ID number or no TSC number, and without them KNEC cannot "
        "pay. Open Profile, then Personal details, fill them in and submit the profile again. The "
        "hold on your claim is lifted by itself.",
        "Wasifu wako hauna nambari ya kitambulisho cha taifa au ya TSC, na bila hizo KNEC haiwezi "
        "kulipa. Fungua Wasifu, kisha Maelezo binafsi, ujaze nambari hizo na uwasilishe wasifu "
        "tena. Kizuizi cha dai lako kitaondolewa chenyewe.",
    ),
    (
        "Not paid: register not received",
        "payment",
        "The register of my centre was not sent",
        "The signed and stamped attendance register of your centre has not reached KNEC. Ask your "
        "centre manager to print it, have everybody sign it and take it to the Sub-County Director "
        "of Education for the stamp. Once it is received, all claims of the centre go on together.",
        "Rejista ya mahudhurio ya kituo chako iliyotiwa saini na muhuri haijafika KNEC. Mwombe "
        "meneja wa kituo aichapishe, kila mtu atie saini, kisha aipeleke kwa Mkurugenzi wa Elimu "
        "wa Kaunti Ndogo ipigwe muhuri. Ikishapokelewa, madai yote ya kituo yataendelea pamoja.",
    ),
    (
        "Not paid: worked but not deployed in CP2",
        "payment",
        "I worked but was not deployed in CP2",
        "CP2 has no deployment of yours for this exam, so there are no days to pay. We have asked "
        "the office that fills your position to say who you replaced and from which day. When they "
        "have entered it, the centre marks your days and your claim is made. Keep your letter or a "
        "note of the centre manager ready.",
        "CP2 haina rekodi ya kupangiwa kwako kwa mtihani huu, kwa hivyo hakuna siku za kulipwa. "
        "Tumeiomba ofisi inayopanga nafasi yako iseme ulichukua nafasi ya nani na kuanzia siku "
        "gani. Wakishaingiza, kituo kitaweka siku zako na dai lako litatengenezwa. Weka tayari "
        "barua yako au barua fupi ya meneja wa kituo.",
    ),
    (
        "Not paid: data of the centre incomplete",
        "payment",
        "I was deployed, worked and was not paid",
        "The marks of your centre came late or were incomplete. They are being completed by the "
        "centre and the sub-county. You need do nothing: your claim is made as soon as they are "
        "there, and you get a text.",
        "Alama za mahudhurio za kituo chako zilichelewa au hazikukamilika. Kituo na kaunti ndogo "
        "vinazikamilisha. Huhitaji kufanya lolote: dai lako litatengenezwa zikishafika, na utapata "
        "ujumbe.",
    ),
    (
        "Not paid yet: payment is under way",
        "payment",
        "I was deployed, worked and was not paid",
        "Your days are confirmed and your claim is approved. Payment is made in batches; you see "
        "under Claims where yours is, and get a text when the money leaves.",
        "Siku zako zimethibitishwa na dai lako limeidhinishwa. Malipo hufanywa kwa mafungu; tazama "
        "Madai ujue lako liko wapi, na utapata ujumbe pesa zikitumwa.",
    ),
    (
        "Paid less than expected",
        "payment",
        "I was paid too little",
        "You are paid for each day on which you were marked present, at the rate of your position. "
        "Under Claims you see each day, the rate and the tax. If a day is missing, choose Dispute "
        "there and say which.",
        "Unalipwa kwa kila siku uliyowekwa kuwa ulikuwepo, kwa kiwango cha nafasi yako. Kwenye "
        "Madai utaona kila siku, kiwango na kodi. Kama kuna siku inayokosekana, chagua Pinga hapo "
        "useme ni ipi.",
    ),
    (
        "Absent by mistake",
        "attendance",
        "I was marked absent but was present",
        "Ask your centre manager to have the day amended in CP2, with the paper register as proof. "
        "The TSC director decides about it, and your claim follows by itself.",
        "Mwombe meneja wa kituo aombe siku hiyo irekebishwe katika CP2, kwa ushahidi wa rejista ya "
        "karatasi. Mkurugenzi wa TSC ataamua, na dai lako litafuata lenyewe.",
    ),
    (
        "Letter not there yet",
        "deployment",
        "My letter is missing or wrong",
        "Your letter is made within minutes after you accept. Open Deployments and press Download "
        "Appointment Letter. If your name is wrong, mend it under Profile: a new letter follows.",
        "Barua yako hutengenezwa dakika chache baada ya kukubali. Fungua Upangaji kazi ubonyeze "
        "Pakua Barua ya Uteuzi. Kama jina lina makosa, lirekebishe kwenye Wasifu: barua mpya "
        "itafuata.",
    ),
    (
        "Cannot serve there",
        "deployment",
        "I cannot serve where I was deployed",
        "If you cannot serve, reject the offer under Deployments and say why; do it before it "
        "starts, so that somebody else can take your place. Your director may offer you another "
        "station.",
        "Kama huwezi kufanya kazi hapo, kataa ofa kwenye Upangaji kazi useme sababu; fanya hivyo "
        "kabla haijaanza ili mtu mwingine achukue nafasi yako. Mkurugenzi wako anaweza kukupa "
        "kituo kingine.",
    ),
    (
        "Lost line",
        "profile",
        "My name or number is wrong",
        "On the sign-in page choose “I lost my number” and give the new one. Your TSC director "
        "compares it with your ID card and approves it. The old number hears of it.",
        "Kwenye ukurasa wa kuingia chagua “Nimepoteza nambari yangu” utoe mpya. Mkurugenzi wako wa "
        "TSC atailinganisha na kitambulisho chako na kuiidhinisha. Nambari ya zamani itaarifiwa.",
    ),
    (
        "We are looking into it",
        "",
        "",
        "We have your question and are looking into it. You get a text when there is an answer.",
        "Tumepokea swali lako na tunalichunguza. Utapata ujumbe jibu likiwepo.",
    ),
]


def write() -> None:
    topics = {topic.name_en: topic for topic in Topic.objects.all()}
    CannedAnswer.objects.bulk_create(
        CannedAnswer(
            title=title,
            category=category,
            topic=topics.get(topic),
            text_en=english,
            text_sw=kiswahili,
        )
        for title, category, topic, english, kiswahili in ANSWERS
    )
