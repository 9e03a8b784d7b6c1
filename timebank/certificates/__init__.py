"""Certificates (志愿服务记录证明): what an organisation has recorded of somebody, on paper, for whoever wants to check it."""
