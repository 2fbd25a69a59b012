"""What other machines and the portal get: bundles, checklist, Ansible roll-out."""
