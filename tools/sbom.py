# Copyright 2026 The baby_cry_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Print what is installed in this Python's environment as CycloneDX 1.6 JSON (`make sbom`).

Needs nothing that is not installed there anyway, and no network: the environment is the truth.
The hashes are those that `requirements/lock` allows for that version.
"""

from importlib.metadata import Distribution, distributions
import json
from pathlib import Path
import re
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
LOCKED = re.compile(r'^([a-zA-Z0-9._-]+)==(\S+?)(?: ;[^\n]*)? \\\n((?:    --hash=\S+(?: \\)?\n)+)',
                    re.MULTILINE)


def canonical(name: str) -> str:
    """Return a project's name as package indexes and purl write it."""
    return re.sub('[-_.]+', '-', name).lower()


def allowed() -> dict:
    """Return the SHA-256 sums that the locked files allow, by name and version."""
    found: dict = {}
    for path in sorted((ROOT / 'requirements' / 'lock').glob('*.txt')):
        for name, version, hashes in LOCKED.findall(path.read_text()):
            found.setdefault((canonical(name), version), set()).update(
                re.findall('sha256:([0-9a-f]{64})', hashes))
    return found


def component(one: Distribution, hashes: dict) -> dict:
    """Return what CycloneDX says of a distribution."""
    name, version = canonical(one.metadata['Name']), one.version
    purl = f'pkg:pypi/{name}@{version}'
    said = {'type': 'library', 'bom-ref': purl, 'name': name, 'version': version, 'purl': purl}
    if one.metadata.get('License-Expression'):
        said['licenses'] = [{'expression': one.metadata['License-Expression']}]
    elif one.metadata.get('License'):
        first = one.metadata['License'].strip().splitlines()[0][:200]     # some say the whole text
        said['licenses'] = [{'license': {'name': first}}]
    sums = sorted(hashes.get((name, version), ()))
    if sums:
        said['hashes'] = [{'alg': 'SHA-256', 'content': each} for each in sums]
    return said


def bill() -> dict:
    """Return the bill of materials."""
    package = ElementTree.parse(ROOT / 'package.xml').getroot()
    name, version = (package.findtext(tag).strip() for tag in ('name', 'version'))
    there = {canonical(one.metadata['Name']): one for one in distributions()
             if one.metadata['Name'] and canonical(one.metadata['Name']) != canonical(name)}
    hashes = allowed()
    components = {key: component(there[key], hashes) for key in sorted(there)}

    def needs(one: Distribution) -> list:
        asked = {canonical(re.match(r'[A-Za-z0-9._-]+', text).group())
                 for text in one.requires or () if 'extra ==' not in text}
        return sorted(components[each]['bom-ref'] for each in asked if each in components)
    root = f'pkg:generic/{name}@{version}'
    return {
        'bomFormat': 'CycloneDX', 'specVersion': '1.6', 'version': 1,
        'metadata': {'component': {
            'type': 'application', 'bom-ref': root, 'name': name, 'version': version,
            'licenses': [{'license': {'id': package.findtext('license').strip()}}]}},
        'components': list(components.values()),
        'dependencies': [
            {'ref': root, 'dependsOn': [each['bom-ref'] for each in components.values()]},
            *({'ref': each['bom-ref'], 'dependsOn': needs(there[key])}
              for key, each in components.items())]}


if __name__ == '__main__':
    print(json.dumps(bill(), indent=1))
