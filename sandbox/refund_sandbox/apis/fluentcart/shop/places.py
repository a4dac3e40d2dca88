"""Countries and states by code, for addresses. Assumed: the names, except US, IE and DE; only four countries have states here."""

from collections.abc import Mapping

_COUNTRIES = (
    "AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania|"
    "AM Armenia|AO Angola|AQ Antarctica|AR Argentina|AS Samoa (American)|AT Austria|AU Australia|AW Aruba|"
    "AX Åland Islands|AZ Azerbaijan|BA Bosnia and Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|"
    "BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi|BJ Benin|BL Saint Barthélemy|BM Bermuda|BN Brunei|"
    "BO Bolivia|BQ Caribbean NL|BR Brazil|BS Bahamas|BT Bhutan|BV Bouvet Island|BW Botswana|BY Belarus|"
    "BZ Belize|CA Canada|CC Cocos (Keeling) Islands|CD Congo (Kinshasa)|CF Central African Rep.|"
    "CG Congo (Brazzaville)|CH Switzerland|CI Ivory Coast|CK Cook Islands|CL Chile|CM Cameroon|CN China|"
    "CO Colombia|CR Costa Rica|CU Cuba|CV Cape Verde|CW Curaçao|CX Christmas Island|CY Cyprus|"
    "CZ Czech Republic|DE Germany|DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|"
    "EC Ecuador|EE Estonia|EG Egypt|EH Western Sahara|ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|"
    "FK Falkland Islands|FM Micronesia|FO Faroe Islands|FR France|GA Gabon|GB United Kingdom (UK)|GD Grenada|"
    "GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland|GM Gambia|GN Guinea|"
    "GP Guadeloupe|GQ Equatorial Guinea|GR Greece|GS South Georgia and the South Sandwich Islands|"
    "GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|HK Hong Kong|HM Heard Island and McDonald Islands|"
    "HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IM Isle of Man|IN India|"
    "IO British Indian Ocean Territory|IQ Iraq|IR Iran|IS Iceland|IT Italy|JE Jersey|JM Jamaica|JO Jordan|"
    "JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN Saint Kitts and Nevis|"
    "KP North Korea|KR South Korea|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon|"
    "LC Saint Lucia|LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|"
    "LY Libya|MA Morocco|MC Monaco|MD Moldova|ME Montenegro|MF St Martin (French)|MG Madagascar|"
    "MH Marshall Islands|MK North Macedonia|ML Mali|MM Myanmar|MN Mongolia|MO Macau|"
    "MP Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|MV Maldives|"
    "MW Malawi|MX Mexico|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|"
    "NG Nigeria|NI Nicaragua|NL Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman|"
    "PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea|PH Philippines|PK Pakistan|PL Poland|"
    "PM Saint Pierre and Miquelon|PN Pitcairn|PR Puerto Rico|PS Palestinian Territory|PT Portugal|PW Palau|"
    "PY Paraguay|QA Qatar|RE Reunion|RO Romania|RS Serbia|RU Russia|RW Rwanda|SA Saudi Arabia|"
    "SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore|SH St Helena|SI Slovenia|"
    "SJ Svalbard and Jan Mayen|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia|SR Suriname|"
    "SS South Sudan|ST São Tomé and Príncipe|SV El Salvador|SX St Maarten (Dutch)|SY Syria|"
    "SZ Eswatini (Swaziland)|TC Turks and Caicos Is|TD Chad|TF French S. Terr.|TG Togo|TH Thailand|"
    "TJ Tajikistan|TK Tokelau|TL Timor-Leste|TM Turkmenistan|TN Tunisia|TO Tonga|TR Türkiye|"
    "TT Trinidad and Tobago|TV Tuvalu|TW Taiwan|TZ Tanzania|UA Ukraine|UG Uganda|"
    "UM United States (US) Minor Outlying Islands|US United States (US)|UY Uruguay|UZ Uzbekistan|VA Vatican|"
    "VC Saint Vincent and the Grenadines|VE Venezuela|VG Virgin Islands (British)|VI Virgin Islands (US)|"
    "VN Vietnam|VU Vanuatu|WF Wallis and Futuna|WS Samoa (western)|YE Yemen|YT Mayotte|ZA South Africa|"
    "ZM Zambia|ZW Zimbabwe"
)

_STATES = {
    "US": (
        "AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|"
        "DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|"
        "KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|"
        "MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|"
        "NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|"
        "RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|"
        "WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming|AA Armed Forces (AA)|AE Armed Forces (AE)|"
        "AP Armed Forces (AP)"
    ),
    "CA": (
        "AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|"
        "NT Northwest Territories|NS Nova Scotia|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|"
        "SK Saskatchewan|YT Yukon Territory"
    ),
    "AU": (
        "ACT Australian Capital Territory|NSW New South Wales|NT Northern Territory|QLD Queensland|"
        "SA South Australia|TAS Tasmania|VIC Victoria|WA Western Australia"
    ),
    "IE": (
        "CW Carlow|CN Cavan|CE Clare|CO Cork|DL Donegal|D Dublin|G Galway|KY Kerry|KE Kildare|KK Kilkenny|"
        "LS Laois|LM Leitrim|LK Limerick|LD Longford|LH Louth|MO Mayo|MH Meath|MN Monaghan|OY Offaly|RN Roscommon|"
        "SO Sligo|TA Tipperary|WD Waterford|WH Westmeath|WX Wexford|WW Wicklow"
    ),
}


def _parse(text: str) -> Mapping[str, str]:
    return dict(entry.split(" ", 1) for entry in text.split("|"))


COUNTRIES = _parse(_COUNTRIES)
STATES: Mapping[str, Mapping[str, str]] = {country: _parse(text) for country, text in _STATES.items()}

STATE_OPTIONAL = frozenset(
    "AE AF AT AX BA BE BG BH BI BW BZ CH CW CY CZ DE DK EE ET FI FR GB GF GG GP GR HU IL IM IS KR KW LB LI LK LU LV MF MQ MT "
    "NL NO NZ PL PR PS PT RE RS RW SE SG SI SK VN YT".split()
)
"""Countries whose addresses need no state (read in the source)."""


def country_name(code: str | None) -> str:
    """Return the name of a country; an unknown code is its own name."""
    return COUNTRIES.get(code or "", code or "")


def state_name(country: str | None, state: str | None) -> str | None:
    """Return the name of a state; an unknown code is its own name."""
    return STATES.get(country or "", {}).get(state or "", state)


ADDRESS_FORMATS: Mapping[str, Mapping[str, Mapping[str, bool | int | str]]] = {
    "US": {"postcode": {"label": "ZIP Code"}, "state": {"label": "State"}},
    "CA": {"postcode": {"label": "Postal code"}, "state": {"label": "Province"}},
    "AU": {"city": {"label": "Suburb"}, "postcode": {"label": "Postcode"}, "state": {"label": "State"}},
    "IE": {"postcode": {"required": True, "label": "Eircode"}, "state": {"label": "County"}},
    "DE": {"postcode": {"priority": 65}, "state": {"required": False}},
    "GB": {"postcode": {"label": "Postcode"}, "state": {"label": "County", "required": False}},
}
"""Fields of the form of an address by country. Read in the plugin's code, which has more countries."""
