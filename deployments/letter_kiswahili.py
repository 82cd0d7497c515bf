"""What a letter says in Kiswahili where headquarters has published no words of its own.

The same, line for line, as letter_english.py.
"""

SUBJECT = "Uteuzi wa kuwa {position} kwa mwaka {year}, {exam_name} ({exam})"
APPOINTMENT = (
    "Baraza linakuteua kuwa {position} katika {station} (nambari {station_code}), {sub_county}, "
    "Kaunti ya {county}, kuanzia {starts_on} hadi {ends_on}. Utarejeshewa gharama ya usafiri kwa "
    "kiwango cha {daily_rate} kwa siku{with_rehearsal}. Utalipwa kwa siku ambazo mtihani "
    "unafanyika na rejista inaonyesha kuwa ulikuwepo pekee."
)
PORTAL = (
    "Hakikisha kwamba maelezo yako katika CP2, {site}, ni sahihi: unalipwa kulingana na "
    "yanavyoonyesha. Ikiwa hupati ujumbe wa CP2, piga *456*9*5*5*1# kwenye laini yako ili "
    "kuuruhusu."
)
YOU_WILL = "Unawajibika kwa {director}. Utatakiwa"
CLOSING = (
    "Ulikubali uteuzi huu katika CP2 tarehe {answered_on}, pamoja na masharti haya. Beba barua "
    "hii na kitambulisho chako cha kitaifa kila unapokuwa kazini. Barua hii inatumika hadi "
    "tovuti iseme vinginevyo, na inachukua nafasi ya barua yoyote ya awali."
)

CENTRE_STAFF_POLICY = (
    "Hakuna anayehudumu katika shule anakofanya kazi, au ambako ana maslahi mengine yake binafsi, "
    "wala katika kituo alichohudumu katika miaka {cooling_off_years} iliyopita: CP2 haipokei "
    "mahudhurio ya afisa kama huyo. Ikiwa hali yako ni hii, iarifu ofisi iliyotajwa juu mara moja; "
    "utapangiwa kituo kingine."
)
CENTRE_MANAGER_POLICY = (
    "Kituo husimamiwa na mkuu wa taasisi ambako watahiniwa wake wanafanyia mtihani. Hakuna afisa "
    "mwingine anayehudumu katika shule anakofanya kazi, au ambako ana maslahi mengine yake "
    "binafsi, wala katika kituo alichohudumu katika miaka {cooling_off_years} iliyopita: CP2 "
    "haipokei mahudhurio ya afisa kama huyo. Ukitumiwa afisa wa aina hii, iarifu ofisi "
    "iliyotajwa juu mara moja."
)
OTHER_POLICY = (
    "Ikiwa wewe, au mtu wako wa karibu, mna maslahi kwa mtahiniwa au kwa kituo ambacho utahusika "
    "nacho, iarifu ofisi iliyotajwa juu mara moja; utapangiwa mahali pengine."
)

CENTRE_MANAGER = [
    "kuhudhuria mkutano wa maelekezo, na kufanya mazoezi ya mtihani pamoja na maafisa na "
    "watahiniwa wako siku yake",
    "kuthibitisha katika CP2 maafisa waliopangwa katika kituo chako, kukagua vitambulisho vyao, na "
    "kuripoti yeyote asiyekuwepo au asiye kwenye orodha",
    "kuweka katika CP2 umbali kutoka kituo chako hadi kituo cha usambazaji, na kujaza rejista ya "
    "kila afisa kila siku kuanzia siku ya mazoezi",
    "kutayarisha vyumba, madawati na chumba kinachofungika cha kuwekea karatasi za mtihani",
    "kufika katika kituo cha usambazaji kwa wakati kila asubuhi, kushuhudia kikifunguliwa kwa "
    "funguo zote mbili, na kutia saini kwa vifurushi vyako pekee",
    "kuleta karatasi kituoni chini ya ulinzi na kumkabidhi msimamizi zikiwa zimefungwa, wakati "
    "ulio kwenye ratiba na si kabla yake",
    "kutomruhusu yeyote kituoni ila watahiniwa, maafisa walio kwenye orodha yako na wakaguzi "
    "walioidhinishwa",
    "kufungia simu za mkononi na vifaa vingine wakati karatasi zimefunguliwa",
    "kudumisha utaratibu, na kuripoti ukiukaji wowote, kutokuwepo au tukio katika CP2 siku hiyo "
    "hiyo",
    "kuwajibika kwa kila karatasi na kila jibu la mtihani, na kuyarudisha kituo cha usambazaji "
    "siku hiyo hiyo",
    "kuchapisha rejista mwishoni, kuhakikisha kila afisa ameitia saini, kuipiga muhuri, na "
    "kuikabidhi kwa Mkurugenzi wa Elimu wa Kaunti Ndogo",
]
SUPERVISOR = [
    "kuhudhuria mikutano ya maelekezo, na kufika kituoni siku moja kabla ya karatasi ya kwanza kwa "
    "ajili ya mazoezi",
    "kufika saa kumi na mbili na nusu asubuhi (6.30) kila siku ya mtihani",
    "kuhakikisha chumba kinachofungika, na kutunza ufunguo wake",
    "kuwaelekeza wasimamizi wa vyumba na kuwagawia vyumba, kamwe si chumba kilekile mara mbili "
    "mfululizo",
    "kukagua vyumba, madawati na vyoo kila siku kabla ya watahiniwa kuingia",
    "kumkagua kila mtahiniwa kwa kulinganisha na rejista yenye picha",
    "kupokea karatasi kutoka kwa meneja wa kituo, kuzifungua mbele ya watahiniwa wakati ulio "
    "kwenye ratiba, na kurudisha majibu yakiwa yamehesabiwa na kufungwa, afisa wa usalama akiwepo",
    "kuandika mpangilio wa viti na mahudhurio ya watahiniwa ya kila karatasi",
    "kuripoti ukiukaji kwa ofisi iliyotajwa juu na katika CP2 siku hiyo hiyo",
    "kukabidhi kwa maandishi unapohamia kituo kingine: wasimamizi wa vyumba, masuala yaliyopo, "
    "watahiniwa wasiokuwepo na hali maalum",
]
INVIGILATOR = [
    "kufika kituoni siku ya mazoezi kwa maelekezo yako",
    "kufika saa moja asubuhi (7.00) kila siku ya mtihani na kujiandikisha kwa meneja wa kituo",
    "kuacha simu na mkoba wako mahali ambapo meneja wa kituo huviweka",
    "kukagua chumba, madawati yake na vyoo kabla ya watahiniwa kuingia, na kuwapekua watahiniwa "
    "kwa heshima",
    "kuwaketisha watahiniwa kulingana na mpangilio, na kukagua nambari ya mtihani kwenye kila "
    "dawati na kila jibu",
    "kugawa karatasi wakati ulio kwenye ratiba, na kutosoma karatasi yoyote wala kumsaidia "
    "mtahiniwa yeyote",
    "kuangalia chumba chote kwa muda wote; usitoke kamwe bila mtu wa kushika nafasi yako",
    "kukusanya na kuhesabu majibu kabla ya mtahiniwa yeyote kutoka, na kumkabidhi msimamizi",
    "kumripotia msimamizi jambo lolote lisilo la kawaida mara moja",
]
SECURITY = [
    "kuripoti kwa meneja wa kituo siku ya mazoezi, na kila siku kabla ya karatasi kuondoka kituo "
    "cha usambazaji",
    "kusindikiza karatasi hadi kituoni, na majibu wakati wa kurudi, bila kusimama njiani",
    "kulinda chumba zinakowekwa karatasi, na uwanja wakati karatasi inafanywa",
    "kutomruhusu kuingia yeyote ambaye meneja wa kituo hakumtaja",
    "kusaidia kudumisha utaratibu unapoombwa, na kumripotia meneja wa kituo kila tukio mara moja",
]
DRIVER = [
    "kuwa na gari lenye mafuta, lililo katika hali nzuri na lililofika kituo cha usambazaji kabla "
    "hakijafunguliwa",
    "kubeba karatasi, maafisa na walinzi kwa njia uliyopewa, bila kusimama",
    "kutobeba abiria mwingine wala mzigo mwingine",
    "kujaza kitabu cha safari za gari, na kuripoti kuharibika au kuchelewa mara moja",
]
DISTRIBUTION_MANAGER = [
    "kufungua na kufunga kituo cha usambazaji mwenye ufunguo wa pili akiwepo, kila mara",
    "kuwakabidhi mameneja wa vituo unaowajua, au wanaoonyesha barua kama hii, vifurushi vya "
    "kipindi cha siku hiyo pekee, na kuhakikisha wametia saini",
    "kupokea majibu siku hiyo hiyo, kukagua lakiri na idadi, na kuyafungia",
    "kuweka kumbukumbu za vifurushi, nyakati na watu, na kuripoti mara moja lakiri iliyovunjika au "
    "kifurushi kilichokosekana",
    "kujaza katika CP2, au kuhakikisha wamejazwa, maafisa wanaohudumu katika kituo cha usambazaji",
]
CLERK = [
    "kufika katika kituo cha usambazaji kabla hakijafunguliwa, kila siku ya mtihani",
    "kupanga na kukagua vifurushi kwa kituo na kwa kipindi mbele ya wenye funguo",
    "kuandika kinachotoka na kinachorudi, pamoja na nyakati na saini",
    "kutogusa kifurushi chochote ukiwa peke yako, wala kukifungua",
    "kusaidia kuandaa ripoti kwa Baraza mwishoni",
]
DISTRIBUTION_SECURITY = [
    "kulinda kituo cha usambazaji kwa zamu, mchana na usiku, hadi jibu la mwisho liondoke",
    "kutomruhusu yeyote kukikaribia ila wenye funguo na wale wanaowataja",
    "kuwepo kila kinapofunguliwa na kufungwa, na kuandika nyakati katika kitabu cha matukio",
    "kumripotia afisa msimamizi kila tukio mara moja",
]

DUTIES = {
    "CM": CENTRE_MANAGER,
    "SUP": SUPERVISOR,
    "INV": INVIGILATOR,
    "SEC": SECURITY,
    "DRV": DRIVER,
    "DCM": DISTRIBUTION_MANAGER,
    "CLK": CLERK,
    "DSO": DISTRIBUTION_SECURITY,
}
ANY_OTHER = [
    "kufika katika kituo chako cha kazi siku ya kwanza, ukiwa na barua hii na kitambulisho chako",
    "kufanya kazi utakazopewa na afisa msimamizi, kila siku ya mtihani",
    "kutunza siri ya yote utakayojua kuhusu karatasi, watahiniwa na matokeo",
    "kumripotia afisa msimamizi jambo lolote lisilo la kawaida mara moja",
]
POLICIES = {"CM": CENTRE_MANAGER_POLICY, "SUP": CENTRE_STAFF_POLICY, "INV": CENTRE_STAFF_POLICY}

INVITATION_SUBJECT = "Mwaliko wa kuhudumu kama {position}: {exam_name} ({exam}), {year}"
INVITATION = (
    "Baraza linakualika kuhudumu kama {position} katika {station} (nambari {station_code}), "
    "{sub_county}, Kaunti ya {county}, kuanzia {starts_on} hadi {ends_on}. Una muda hadi "
    "{respond_by} kukubali au kukataa mwaliko huu katika CP2, {site}, au kwa kutuma neno ACCEPT au "
    "REJECT pamoja na sababu yako kwa 22262. Mwaliko usiojibiwa kufikia wakati huo hupewa mtu "
    "mwingine."
)
CONDITIONS = (
    "Ukikubali, unakubali pia kanuni za Baraza za usahihishaji na malipo ambayo limeweka: "
    "{daily_rate} kwa kila siku ambayo rejista inaonyesha kuwa ulikuwepo, na kiwango kilichowekwa "
    "kwa majibu unayosahihisha. Ukikataa, hakuna lolote litakalohesabiwa dhidi yako."
)
ROLE = "Ukikubali, unawajibika kwa Baraza. Utatakiwa"
ETHICS = "Usahihishaji hutegemea uaminifu. Hutaruhusiwa"
MARKER_ETHICS = [
    "kusahihisha jibu la mtahiniwa unayemfundisha au wa jamaa yako; litangaze badala yake",
    "kunakili, kupiga picha au kujadili jibu, alama au mwongozo wa kusahihisha, pale au baadaye",
    "kutumia simu ya mkononi mahali ambapo majibu yamefunguliwa",
    "kupokea au kuomba chochote kutoka kwa yeyote kwa ajili ya alama, wala kumwambia yeyote kwamba "
    "unasahihisha",
]
INVITATION_CLOSING = (
    "Ulikubali mwaliko huu katika CP2 tarehe {answered_on}. Fika ukiwa na barua hii na "
    "kitambulisho chako cha kitaifa. Barua hii inatumika hadi tovuti iseme vinginevyo, na "
    "inachukua nafasi ya barua yoyote ya awali."
)
MARKER = [
    "kufika katika kituo cha usahihishaji siku ya kwanza, na kuhudhuria uratibu hadi mwisho",
    "kusahihisha kwa mwongozo uliokubaliwa, na kwa kiwango kilichowekwa wakati wa uratibu",
    "kutunza siri ya majibu, alama na miongozo ya kusahihisha, na kutoondoa chochote kati ya hivyo "
    "katika kituo cha usahihishaji",
    "kuingiza alama kwa usahihi, na kuhakikisha kumbukumbu zako zimetiwa saini kila siku",
]
LEADING_MARKER = [
    *MARKER[:3],
    "kukagua usahihishaji wa kikundi chako, na kuurekebisha unapotoka kwenye kiwango",
    "kutia saini kumbukumbu za kikundi chako kila siku, na kuwajibika kwa majibu yao",
]
MARKERS = {"CE": LEADING_MARKER, "TL": LEADING_MARKER}

# With the English name behind it, which lists and registers have.
POSITIONS = {
    "CM": "Meneja wa Kituo",
    "SUP": "Msimamizi wa Mtihani",
    "INV": "Msimamizi wa Chumba cha Mtihani",
    "SEC": "Afisa wa Usalama",
    "DRV": "Dereva",
    "DCM": "Meneja wa Kituo cha Usambazaji",
    "CLK": "Karani",
    "DSO": "Afisa wa Usalama wa Kituo cha Usambazaji",
    "CE": "Msahihishaji Mkuu",
    "TL": "Kiongozi wa Kikundi cha Wasahihishaji",
    "EXM": "Msahihishaji",
}
WORDS = {
    "TO": "KWA",
    "THROUGH": "KUPITIA",
    "RE": "Yah:",
    "REF": "Kumb:",
    "OWNER": "Baraza la Kitaifa la Mitihani la Kenya",
    "PORTAL": "Tovuti ya Wataalamu wa Mkataba",
    "TITLE": "Barua ya uteuzi",
    "ID": "Nambari ya Kitambulisho cha Kitaifa:",
    "TSC": "Nambari ya TSC:",
    "PF": "Nambari ya PF:",
    "PHONE": "Nambari ya Simu:",
    "SUB_COUNTY": "Kaunti Ndogo ya {}",
    "COUNTY": "Kaunti ya {}",
    "COUNCIL": "Baraza",
    "RATE": "Ksh. {}",
    "NO_RATE": "kiwango kilichowekwa na Baraza",
    "WITH_REHEARSAL": ", pamoja na siku ya mazoezi",
    "GENUINE": "Je, barua hii ni halali?",
    "QR": "Msimbo wa QR unaoelekeza kwenye {}",
    "CEO": "Afisa Mkuu Mtendaji",
    "ISSUED": "Imetolewa na CP2 na ni halali bila saini ya mkono. Yeyote anayeonyeshwa barua hii "
    "anaweza kuikagua: changanua msimbo huo, au uandike katika {}/letters/",
    "PAGE": "Ukurasa",
    "OF": "wa",
}
MONTHS = (
    "Januari", "Februari", "Machi", "Aprili", "Mei", "Juni", "Julai", "Agosti", "Septemba",
    "Oktoba", "Novemba", "Desemba",
)  # fmt: skip
