"""What a business uploads: pictures with their renditions, and files to be downloaded."""
